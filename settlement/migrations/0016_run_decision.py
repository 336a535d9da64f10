"""What people said of a run."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0015_sheet_reading_unchanged"),
    ]

    operations = [
        migrations.CreateModel(
            name="RunDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("approved", "approved"), ("refused", "refused"), ("reopened", "opened again")],
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                (
                    "decided_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="settlement.settlementrun",
                    ),
                ),
            ],
            options={
                "ordering": ["run", "id"],
                "constraints": [],
            },
        ),
        migrations.AddConstraint(
            model_name="rundecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["approved", "refused", "reopened"])), name="run_decision_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="rundecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "approved"), models.Q(("reason", ""), _negated=True), _connector="OR"),
                name="run_decision_has_reason",
                violation_error_message="Say why.",
            ),
        ),
    ]
