"""What looks wrong in stored readings."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0008_rollups"),
        ("organizations", "0006_invitation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="QualityHit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("gap", "readings are missing"),
                            ("duplicate", "the same interval twice"),
                            ("overlap", "intervals overlap"),
                            ("negative", "negative"),
                            ("spike", "far above its usual values"),
                            ("stuck", "the same value for hours"),
                            ("future", "of a time to come"),
                            ("day_length", "a day has too many or too few intervals"),
                            ("register", "the register went back"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                ("start", models.DateTimeField(verbose_name="from")),
                ("end", models.DateTimeField(verbose_name="until")),
                ("slots", models.PositiveIntegerField(default=1, verbose_name="intervals")),
                ("value_wh", models.BigIntegerField(null=True)),
                ("usual_wh", models.BigIntegerField(null=True)),
                ("found_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("accepted", "accepted"),
                            ("corrected", "corrected"),
                            ("gone", "no longer so"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="quality_hits",
                        to="meters.importbatch",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "distributor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quality_hits",
                        to="organizations.distributor",
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="quality_hits", to="meters.meter"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["distributor", "state", "start"], name="hit_distributor_state")],
                "constraints": [
                    models.UniqueConstraint(fields=("meter", "rule", "start"), name="hit_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "rule__in",
                                [
                                    "gap",
                                    "duplicate",
                                    "overlap",
                                    "negative",
                                    "spike",
                                    "stuck",
                                    "future",
                                    "day_length",
                                    "register",
                                ],
                            )
                        ),
                        name="hit_rule_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "accepted", "corrected", "gone"])),
                        name="hit_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("end__gt", models.F("start"))), name="hit_ends_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ("accepted", "corrected")), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="hit_decided_with_reason",
                    ),
                ],
            },
        ),
    ]
