"""Months of readings that are kept in files."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0011_import_and_quality_rules"),
        ("organizations", "0006_invitation"),
    ]

    operations = [
        migrations.CreateModel(
            name="ArchivedMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="month")),
                ("rows", models.PositiveBigIntegerField(verbose_name="readings")),
                ("energy_wh", models.BigIntegerField()),
                ("manifest_sha256", models.CharField(max_length=64)),
                ("archived_at", models.DateTimeField(verbose_name="archived at")),
                ("removed_at", models.DateTimeField(null=True, verbose_name="removed from the database at")),
                (
                    "distributor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="archived_months",
                        to="organizations.distributor",
                    ),
                ),
            ],
            options={
                "ordering": ["month"],
                "constraints": [models.UniqueConstraint(fields=("distributor", "month"), name="archived_month_once")],
            },
        ),
    ]
