"""Pay for standing by."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0019_adjustment_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="MonthRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="month")),
                ("number", models.PositiveIntegerField()),
                ("inputs_sha256", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="month_run",
                        to="settlement.ledgerbatch",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="month_runs", to="events.program"
                    ),
                ),
            ],
            options={
                "ordering": ["program", "month", "number"],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="MonthLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("factor", models.CharField(max_length=64)),
                ("credit", models.DecimalField(decimal_places=2, max_digits=14)),
                ("trace", models.JSONField(default=dict)),
                (
                    "holder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="month_lines",
                        to="accounts.entity",
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="month_lines", to="meters.meter"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="settlement.monthrun"
                    ),
                ),
            ],
            options={
                "ordering": ["run", "meter__number"],
                "constraints": [],
            },
        ),
        migrations.AddConstraint(
            model_name="monthrun",
            constraint=models.UniqueConstraint(fields=("program", "month", "number"), name="month_run_number"),
        ),
        migrations.AddConstraint(
            model_name="monthline",
            constraint=models.UniqueConstraint(fields=("run", "meter", "holder"), name="month_line_once"),
        ),
        migrations.AddConstraint(
            model_name="monthline",
            constraint=models.CheckConstraint(
                condition=models.Q(("credit__gte", 0)), name="month_line_credit_not_negative"
            ),
        ),
    ]
