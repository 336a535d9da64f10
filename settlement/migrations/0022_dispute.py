"""Disputes and what is said in them."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_personal_export"),
        ("events", "0018_answer_by_pause"),
        ("organizations", "0006_invitation"),
        ("settlement", "0021_month_run_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "distributor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organizations.distributor",
                    ),
                ),
                (
                    "participation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="events.participation"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="accounts.entity"
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="settlement.settlementline",
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("reading", "a reading is not right"),
                            ("day", "a day should or should not count"),
                            ("skipped", "I had skipped this event"),
                            ("other", "something else"),
                        ],
                        max_length=8,
                        verbose_name="what is wrong",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "waits for the distributor"),
                            ("answered", "answered"),
                            ("in_favor", "resolved in favor"),
                            ("against", "resolved, the amount stays"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="opened")),
                ("due_at", models.DateTimeField(verbose_name="answer due")),
                ("outcome", models.CharField(blank=True, max_length=300, verbose_name="outcome")),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="settlement.settlementrun",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                (
                    "undecided_participation",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(state__in=("open", "answered"), then=models.F("participation"))
                        ),
                        output_field=models.BigIntegerField(null=True),
                    ),
                ),
            ],
            options={
                "verbose_name": "dispute",
                "verbose_name_plural": "disputes",
                "ordering": ["-opened_at", "-id"],
                "indexes": [models.Index(fields=["distributor", "state", "due_at"], name="dispute_queue")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("undecided_participation",),
                        name="dispute_one_at_a_time",
                        violation_error_message="There is a dispute about this already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("category__in", ["reading", "day", "skipped", "other"])),
                        name="dispute_category_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "answered", "in_favor", "against", "withdrawn"])),
                        name="dispute_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at__isnull", True),
                                ("decided_by__isnull", True),
                                ("outcome", ""),
                                ("state__in", ("open", "answered")),
                            ),
                            models.Q(("decided_at__isnull", False), ("outcome", ""), ("state", "withdrawn")),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("state__in", ("in_favor", "against")),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="dispute_decided_with_words",
                        violation_error_message="A decision says who decided, when and why.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("run__isnull", True), ("state", "in_favor"), _connector="OR"),
                        name="dispute_run_in_favor",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DisputeMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="settlement.dispute"
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("is_from_distributor", models.BooleanField(verbose_name="from the distributor")),
                ("words", models.CharField(blank=True, max_length=2000, verbose_name="words")),
                ("written_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="written")),
            ],
            options={
                "ordering": ["written_at", "id"],
            },
        ),
    ]
