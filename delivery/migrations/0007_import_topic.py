"""Imports of readings are a topic of notices of its own."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0006_sent_request"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="notice",
            name="notice_topic_known",
        ),
        migrations.RemoveConstraint(
            model_name="notificationchoice",
            name="notification_choice_topic_known",
        ),
        migrations.AlterField(
            model_name="notice",
            name="topic",
            field=models.CharField(
                choices=[
                    ("events", "Events"),
                    ("rewards", "Rewards"),
                    ("people", "People waiting for you"),
                    ("imports", "Imports of readings"),
                    ("security", "Your account and its security"),
                ],
                max_length=10,
                verbose_name="topic",
            ),
        ),
        migrations.AlterField(
            model_name="notificationchoice",
            name="topic",
            field=models.CharField(
                choices=[
                    ("events", "Events"),
                    ("rewards", "Rewards"),
                    ("people", "People waiting for you"),
                    ("imports", "Imports of readings"),
                    ("security", "Your account and its security"),
                ],
                max_length=10,
                verbose_name="topic",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(("topic__in", ["events", "rewards", "people", "imports", "security"])),
                name="notice_topic_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationchoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("topic__in", ["events", "rewards", "people", "imports", "security"])),
                name="notification_choice_topic_known",
            ),
        ),
    ]
