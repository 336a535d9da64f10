"""What has to be looked at again after readings changed."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import common.fields


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0013_ingest_undo"),
        ("organizations", "0006_invitation"),
    ]

    operations = [
        migrations.CreateModel(
            name="QualityMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("meter_ids", models.JSONField()),
                ("start", common.fields.SecondField()),
                ("end", common.fields.SecondField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "distributor",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="organizations.distributor",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("end__gt", models.F("start"))), name="qualitymark_ends_after_start"
                    )
                ],
            },
        ),
    ]
