"""Sums by hour and day, and marks of what has to be summed again."""

import django.db.models.deletion
from django.db import migrations, models

import common.fields


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0007_register"),
        ("organizations", "0006_invitation"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScopeHour",
            fields=[
                ("energy_wh", models.BigIntegerField()),
                ("slots", models.PositiveIntegerField()),
                ("estimated_slots", models.PositiveIntegerField(default=0)),
                ("predicted_slots", models.PositiveIntegerField(default=0)),
                ("predicted_wh", models.BigIntegerField(default=0)),
                ("compared_wh", models.BigIntegerField(default=0)),
                ("saving_slots", models.PositiveIntegerField(default=0)),
                ("saving_wh", models.BigIntegerField(default=0)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind", "scope_id", "start", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Organization"), (2, "Group"), (3, "Feeder"), (4, "Distributor")]
                    ),
                ),
                ("scope_id", models.BigIntegerField()),
                ("start", common.fields.SecondField()),
                ("meters", models.PositiveIntegerField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ScopeState",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind", "scope_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Organization"), (2, "Group"), (3, "Feeder"), (4, "Distributor")]
                    ),
                ),
                ("scope_id", models.BigIntegerField()),
                ("version", models.PositiveBigIntegerField(default=0)),
                ("refreshed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DailyEnergy",
            fields=[
                ("energy_wh", models.BigIntegerField()),
                ("slots", models.PositiveIntegerField()),
                ("estimated_slots", models.PositiveIntegerField(default=0)),
                ("predicted_slots", models.PositiveIntegerField(default=0)),
                ("predicted_wh", models.BigIntegerField(default=0)),
                ("compared_wh", models.BigIntegerField(default=0)),
                ("saving_slots", models.PositiveIntegerField(default=0)),
                ("saving_wh", models.BigIntegerField(default=0)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "meter", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("peak_wh", models.BigIntegerField()),
                ("peak_start", common.fields.SecondField()),
                (
                    "meter",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="days",
                        to="meters.meter",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="HourlyEnergy",
            fields=[
                ("energy_wh", models.BigIntegerField()),
                ("slots", models.PositiveIntegerField()),
                ("estimated_slots", models.PositiveIntegerField(default=0)),
                ("predicted_slots", models.PositiveIntegerField(default=0)),
                ("predicted_wh", models.BigIntegerField(default=0)),
                ("compared_wh", models.BigIntegerField(default=0)),
                ("saving_slots", models.PositiveIntegerField(default=0)),
                ("saving_wh", models.BigIntegerField(default=0)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "meter", "start", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("start", common.fields.SecondField()),
                (
                    "meter",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hours",
                        to="meters.meter",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RollupMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", common.fields.SecondField()),
                ("end", common.fields.SecondField()),
                (
                    "distributor",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="organizations.distributor",
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="meters.meter",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScopeMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Organization"), (2, "Group"), (3, "Feeder"), (4, "Distributor")]
                    ),
                ),
                ("scope_id", models.BigIntegerField()),
                ("start", models.DateTimeField(null=True)),
                ("end", models.DateTimeField(null=True)),
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
        ),
    ]
