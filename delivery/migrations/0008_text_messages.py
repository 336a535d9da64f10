"""Text messages are a channel, and reminders a topic of their own."""

from django.db import migrations, models

TOPICS = ["events", "reminders", "rewards", "people", "imports", "security"]
LABELS = [
    ("events", "Events"),
    ("reminders", "A reminder an hour before an event"),
    ("rewards", "Rewards"),
    ("people", "People waiting for you"),
    ("imports", "Imports of readings"),
    ("security", "Your account and its security"),
]


class Migration(migrations.Migration):
    dependencies = [("delivery", "0007_import_topic")]

    operations = [
        migrations.RemoveConstraint(model_name="notice", name="notice_topic_known"),
        migrations.RemoveConstraint(model_name="notificationchoice", name="notification_choice_topic_known"),
        migrations.RemoveConstraint(model_name="notificationchoice", name="notification_choice_channel_known"),
        migrations.AlterField(
            model_name="notice",
            name="topic",
            field=models.CharField(choices=LABELS, max_length=10, verbose_name="topic"),
        ),
        migrations.AlterField(
            model_name="notificationchoice",
            name="topic",
            field=models.CharField(choices=LABELS, max_length=10, verbose_name="topic"),
        ),
        migrations.AlterField(
            model_name="notificationchoice",
            name="channel",
            field=models.CharField(
                choices=[("email", "by e-mail"), ("portal", "in the portal"), ("sms", "by text message")],
                max_length=10,
                verbose_name="where",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(condition=models.Q(("topic__in", TOPICS)), name="notice_topic_known"),
        ),
        migrations.AddConstraint(
            model_name="notificationchoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("topic__in", TOPICS)), name="notification_choice_topic_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationchoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["email", "portal", "sms"])),
                name="notification_choice_channel_known",
            ),
        ),
    ]
