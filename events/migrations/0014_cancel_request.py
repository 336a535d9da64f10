"""A running event is called off by two people."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import common.constraints.foreign_keys


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("events", "0013_event_note_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="CancelRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="asked")),
                (
                    "answer",
                    models.CharField(
                        choices=[
                            ("open", "waits for a second person"),
                            ("agreed", "agreed"),
                            ("kept", "the event goes on"),
                        ],
                        default="open",
                        max_length=6,
                        verbose_name="answer",
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cancel_requests",
                        to="events.event",
                    ),
                ),
                (
                    "open_of",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(models.When(answer="open", then=models.F("event"))),
                        output_field=models.BigIntegerField(null=True),
                    ),
                ),
            ],
            options={"ordering": ["event", "asked_at", "id"]},
        ),
        migrations.AddConstraint(
            model_name="cancelrequest",
            constraint=common.constraints.foreign_keys.UniqueColumns(
                fields=("open_of",),
                name="cancel_request_one_open",
                violation_error_message="Somebody has asked to call this event off already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancelrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("answer__in", ["open", "agreed", "kept"])), name="cancel_request_answer_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="cancelrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", "agreed"), _negated=True),
                    models.Q(
                        ("answered_by__isnull", False),
                        models.Q(("answered_by", models.F("asked_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="cancel_request_two_people",
                violation_error_message="Somebody else than who asked must agree.",
            ),
        ),
    ]
