from django.db import migrations, models

import openadr.fields


class Migration(migrations.Migration):
    dependencies = [
        ("openadr", "0005_energy_part"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="upstreamevent",
            name="upstream_event_opt_known",
        ),
        migrations.AddField(
            model_name="upstream",
            name="asked_poll_seconds",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="upstream",
            name="events_asked_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="upstream",
            name="is_unsure",
            field=models.BooleanField(default=True, editable=False),
        ),
        migrations.AddField(
            model_name="upstream",
            name="reports_registered_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="reports offered"),
        ),
        migrations.AddField(
            model_name="upstream",
            name="signs",
            field=models.BooleanField(
                default=False,
                help_text="With our certificate, where the VTN asks for it.",
                verbose_name="messages are signed",
            ),
        ),
        migrations.AddField(
            model_name="upstreamevent",
            name="answered_opt",
            field=models.CharField(
                blank=True,
                choices=[("", "no answer"), ("optIn", "takes part"), ("optOut", "does not take part")],
                default="",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="upstreamevent",
            name="applied_modification",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="upstreamevent",
            name="is_stale",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="upstreamevent",
            name="request_id",
            field=models.CharField(blank=True, max_length=128),
        ),
        migrations.AddField(
            model_name="upstreamevent",
            name="taken_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="upstreamreport",
            name="confirmed_at",
            field=models.DateTimeField(null=True, verbose_name="agreed"),
        ),
        migrations.AddField(
            model_name="upstreamreport",
            name="until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="upstreamevent",
            name="event_ref",
            field=openadr.fields.ExactCharField(max_length=128, verbose_name="its eventID"),
        ),
        migrations.AlterField(
            model_name="upstreamreport",
            name="r_id",
            field=openadr.fields.ExactCharField(max_length=128),
        ),
        migrations.AlterField(
            model_name="upstreamreport",
            name="request_id",
            field=openadr.fields.ExactCharField(max_length=128, verbose_name="reportRequestID"),
        ),
        migrations.AddConstraint(
            model_name="upstreamevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("answered_opt__in", ["", "optIn", "optOut"]), ("opt__in", ["", "optIn", "optOut"])),
                name="upstream_event_opt_known",
            ),
        ),
    ]
