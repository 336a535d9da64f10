"""What looks odd in settlements, and which runs were looked at."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

KINDS = [
    ("window_load", "unusual use before the event"),
    ("old_pool", "comparable days are old"),
    ("high_pool", "comparable days are high"),
    ("two_programs", "in two programs at once"),
    ("record", "delivered more than ever"),
]
STATES = [("open", "open"), ("cleared", "cleared"), ("confirmed", "confirmed")]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("settlement", "0012_placebo_done_unchanged"),
    ]

    operations = [
        migrations.CreateModel(
            name="FlagCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("checked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("found", models.PositiveIntegerField(default=0)),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="flag_check",
                        to="settlement.settlementrun",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IntegrityFlag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=KINDS, max_length=12, verbose_name="what")),
                ("numbers", models.JSONField(default=dict)),
                ("found_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="found")),
                ("state", models.CharField(choices=STATES, default="open", max_length=9, verbose_name="state")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                (
                    "decided_by",
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
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="flags",
                        to="settlement.settlementline",
                    ),
                ),
            ],
            options={
                "verbose_name": "integrity flag",
                "verbose_name_plural": "integrity flags",
                "ordering": ["-found_at", "-id"],
                "indexes": [models.Index(fields=["state", "kind"], name="flag_state_kind")],
                "constraints": [
                    models.UniqueConstraint(fields=("line", "kind"), name="flag_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", [value for value, _label in KINDS])), name="flag_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", [value for value, _label in STATES])),
                        name="flag_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "open"),
                            models.Q(models.Q(("note", ""), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="flag_decided_with_note",
                        violation_error_message="A decision needs a note.",
                    ),
                ],
            },
        ),
    ]
