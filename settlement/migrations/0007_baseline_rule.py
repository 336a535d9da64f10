"""Baseline rules of a distributor's own."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("settlement", "0006_sealed_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="BaselineRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        max_length=40,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9]+(-[a-z0-9]+)*$", "Small letters, digits and single hyphens."
                            )
                        ],
                        verbose_name="name",
                    ),
                ),
                ("description", models.TextField(max_length=2000, verbose_name="in plain words")),
                ("data", models.JSONField(default=dict, verbose_name="rule")),
                ("sha256", models.CharField(max_length=64, verbose_name="fingerprint")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="made")),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "distributor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="baseline_rules",
                        to="organizations.distributor",
                    ),
                ),
            ],
            options={
                "verbose_name": "baseline rule",
                "verbose_name_plural": "baseline rules",
                "ordering": ["distributor", "name"],
            },
        ),
        migrations.AddConstraint(
            model_name="baselinerule",
            constraint=models.UniqueConstraint(
                fields=("distributor", "name"),
                name="baseline_rule_once",
                violation_error_message="There is a rule of this name already.",
            ),
        ),
    ]
