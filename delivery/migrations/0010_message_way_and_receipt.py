"""How a message travels, what it is about, and what its provider calls it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0009_phone")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="channel",
            field=models.CharField(
                blank=True,
                choices=[("email", "e-mail"), ("sms", "text message")],
                default="",
                max_length=5,
                verbose_name="way",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="message",
            name="about",
            field=models.CharField(blank=True, default="", max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="message",
            name="provider_id",
            field=models.CharField(blank=True, default="", max_length=100),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="message",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "waiting"),
                    ("sent", "sent, not confirmed yet"),
                    ("delivered", "delivered"),
                    ("unreachable", "not deliverable"),
                ],
                default="pending",
                max_length=12,
            ),
        ),
        migrations.RemoveConstraint(model_name="message", name="message_state_known"),
        migrations.RemoveConstraint(model_name="message", name="message_end_has_time"),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "sent", "delivered", "unreachable"])),
                name="message_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ("", "email", "sms"))), name="message_channel_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "sent"]), ("finished_at__isnull", False), _connector="OR"),
                name="message_end_has_time",
            ),
        ),
        migrations.AddIndex(model_name="message", index=models.Index(fields=["about", "state"], name="message_about")),
        migrations.AddIndex(
            model_name="message", index=models.Index(fields=["provider_id"], name="message_provider_id")
        ),
    ]
