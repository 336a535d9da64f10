"""Predictions as they were when people were told of an event."""

import django.db.models.deletion
from django.db import migrations, models

import common.fields


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0001_initial"),
        ("events", "0011_program_triggers"),
        ("settlement", "0008_baseline_rule_frozen"),
    ]

    operations = [
        migrations.CreateModel(
            name="FrozenPrediction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", common.fields.SecondField()),
                ("wh", models.IntegerField()),
                ("issued_at", models.DateTimeField()),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="frozen_predictions",
                        to="events.event",
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="frozen_predictions",
                        to="meters.meter",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="frozenprediction",
            constraint=models.UniqueConstraint(fields=("event", "meter", "start"), name="frozen_prediction_once"),
        ),
    ]
