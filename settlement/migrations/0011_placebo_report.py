"""Placebo audits of programs."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

STATES = [("waiting", "waits"), ("working", "being computed"), ("done", "done"), ("failed", "failed")]


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0011_program_triggers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("settlement", "0010_frozen_prediction_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlaceboReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_day", models.DateField(verbose_name="from")),
                ("last_day", models.DateField(verbose_name="to")),
                ("hours", models.JSONField(default=list, verbose_name="hours")),
                ("presets", models.JSONField(default=list, verbose_name="rules")),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=7, verbose_name="state")),
                ("percent", models.PositiveSmallIntegerField(default=0, verbose_name="percent done")),
                ("problem", models.CharField(blank=True, max_length=300, verbose_name="problem")),
                ("inputs_sha256", models.CharField(blank=True, max_length=64)),
                ("result", models.JSONField(blank=True, default=dict, verbose_name="result")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="asked for")),
                ("touched_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="placebo_reports",
                        to="events.program",
                    ),
                ),
            ],
            options={
                "verbose_name": "placebo report",
                "verbose_name_plural": "placebo reports",
                "ordering": ["program", "-created_at", "-id"],
                "indexes": [models.Index(fields=["state", "touched_at"], name="placebo_state_touched")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "working", "done", "failed"])),
                        name="placebo_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))),
                        name="placebo_days_in_order",
                        violation_error_message="The last day is not before the first.",
                    ),
                    models.CheckConstraint(condition=models.Q(("percent__lte", 100)), name="placebo_percent"),
                ],
            },
        ),
    ]
