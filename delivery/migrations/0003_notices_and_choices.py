import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0002_message_user_and_claim"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("events", "Events"),
                            ("rewards", "Rewards"),
                            ("people", "People waiting for you"),
                            ("security", "Your account and its security"),
                        ],
                        max_length=10,
                        verbose_name="topic",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("body", models.TextField(blank=True, verbose_name="text")),
                ("url", models.CharField(blank=True, max_length=200)),
                ("dedupe_key", models.CharField(max_length=120, null=True, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notices", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["user", "read_at"], name="notice_unread")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("topic__in", ["events", "rewards", "people", "security"])),
                        name="notice_topic_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="NotificationChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("events", "Events"),
                            ("rewards", "Rewards"),
                            ("people", "People waiting for you"),
                            ("security", "Your account and its security"),
                        ],
                        max_length=10,
                        verbose_name="topic",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "by e-mail"), ("portal", "in the portal")],
                        max_length=10,
                        verbose_name="where",
                    ),
                ),
                ("wanted", models.BooleanField(default=True, verbose_name="wanted")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_choices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "topic", "channel"), name="notification_choice_once"),
                    models.CheckConstraint(
                        condition=models.Q(("topic__in", ["events", "rewards", "people", "security"])),
                        name="notification_choice_topic_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["email", "portal"])),
                        name="notification_choice_channel_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("wanted", True), models.Q(("topic", "security"), _negated=True), _connector="OR"
                        ),
                        name="notification_choice_security_stays",
                        violation_error_message="What concerns your account’s security is always sent.",
                    ),
                ],
            },
        ),
    ]
