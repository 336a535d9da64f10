"""Meters whose register counts up."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0006_revision_cause"),
        ("organizations", "0006_invitation"),
    ]

    operations = [
        migrations.CreateModel(
            name="RegisterRead",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "meter", "at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="register_reads",
                        to="meters.meter",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("value_wh", models.BigIntegerField()),
                ("source", models.CharField(max_length=80)),
            ],
        ),
        migrations.AddField(
            model_name="meter",
            name="reading_kind",
            field=models.CharField(
                choices=[("interval", "energy of each interval"), ("register", "a register that counts up")],
                default="interval",
                max_length=8,
                verbose_name="what it sends",
            ),
        ),
        migrations.AddField(
            model_name="meter",
            name="register_limit_wh",
            field=models.BigIntegerField(
                blank=True,
                help_text="In Wh: a dial of 8 digits that counts Wh starts again at 100000000. Empty: never.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="register starts again at",
            ),
        ),
        migrations.AddConstraint(
            model_name="meter",
            constraint=models.CheckConstraint(
                condition=models.Q(("reading_kind__in", ["interval", "register"])),
                name="meter_reading_kind_known",
                violation_error_message="The meter sends energies or a register.",
            ),
        ),
        migrations.AddConstraint(
            model_name="meter",
            constraint=models.CheckConstraint(
                condition=models.Q(("register_limit_wh__isnull", True), ("register_limit_wh__gt", 0), _connector="OR"),
                name="meter_register_limit_positive",
                violation_error_message="The register starts again at more than 0 Wh.",
            ),
        ),
    ]
