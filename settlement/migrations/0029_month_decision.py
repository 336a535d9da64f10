"""What people said of a month of standing by."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0028_decision_closed"),
    ]

    operations = [
        migrations.CreateModel(
            name="MonthDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("approved", "approved"), ("refused", "refused")], max_length=8)),
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
                        to="settlement.monthrun",
                    ),
                ),
            ],
            options={
                "ordering": ["run", "id"],
                "constraints": [],
            },
        ),
        migrations.AddConstraint(
            model_name="monthdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["approved", "refused"])), name="month_decision_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="monthdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "approved"), models.Q(("reason", ""), _negated=True), _connector="OR"),
                name="month_decision_has_reason",
                violation_error_message="Say why.",
            ),
        ),
    ]
