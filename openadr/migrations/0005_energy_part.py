import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Energy reported over less than an interval of its meter."""

    dependencies = [
        ("openadr", "0004_report_asks"),
    ]

    operations = [
        migrations.CreateModel(
            name="EnergyPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="start")),
                ("seconds", models.PositiveIntegerField(verbose_name="seconds")),
                ("energy_mwh", models.BigIntegerField(verbose_name="energy, mWh")),
                (
                    "resource",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="energy_parts",
                        to="openadr.resource",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="energy_part_by_time")],
                "constraints": [models.UniqueConstraint(fields=("resource", "at"), name="energy_part_once")],
            },
        ),
    ]
