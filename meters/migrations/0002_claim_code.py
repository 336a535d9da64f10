"""Claim codes."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import common.constraints.foreign_keys
import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClaimCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "issued_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="issued by",
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="claim_codes",
                        to="meters.meter",
                        verbose_name="meter",
                    ),
                ),
                (
                    "used_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="used by",
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64)),
                ("valid_from", models.DateTimeField(verbose_name="for who moves in on")),
                (
                    "issued_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="issued"),
                ),
                ("expires_at", models.DateTimeField(verbose_name="good until")),
                ("used_at", models.DateTimeField(null=True, verbose_name="used")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="withdrawn")),
                (
                    "open_meter",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                models.Q(("used_at__isnull", True), ("withdrawn_at__isnull", True)),
                                then=models.F("meter"),
                            )
                        ),
                        output_field=models.BigIntegerField(null=True),
                    ),
                ),
            ],
            options={
                "ordering": ["-issued_at", "-id"],
            },
        ),
        migrations.AddConstraint(
            model_name="claimcode",
            constraint=common.constraints.foreign_keys.UniqueColumns(
                fields=("open_meter",),
                name="claim_code_one_open_per_meter",
                violation_error_message="This meter has an open claim code. Withdraw it first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimcode",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("issued_at"))),
                name="claim_code_expires_after_issue",
                violation_error_message="A claim code expires after it was issued.",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimcode",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_at__isnull", True), ("withdrawn_at__isnull", True), _connector="OR"),
                name="claim_code_used_or_withdrawn",
                violation_error_message="A claim code is either used or withdrawn.",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimcode",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_by__isnull", True), ("used_at__isnull", False), _connector="OR"),
                name="claim_code_used_by_somebody_sometime",
                violation_error_message="A claim code that somebody used has the moment of it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimcode",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="claim_code_used_once",
                on=("UPDATE",),
                refuse="NEW.meter_id <> OLD.meter_id OR NEW.digest <> OLD.digest OR NEW.valid_from <> OLD.valid_from OR (OLD.used_at IS NOT NULL AND (NEW.used_at IS NULL OR NEW.used_at <> OLD.used_at)) OR (OLD.withdrawn_at IS NOT NULL AND (NEW.withdrawn_at IS NULL OR NEW.used_at IS NOT NULL))",
                violation_error_message="A claim code stays as it was issued, and is used once.",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimcode",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="claim_code_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e JOIN meters_meter m ON m.id = NEW.meter_id WHERE e.id IN (NEW.issued_by_id, NEW.used_by_id) AND e.tenant_id <> m.distributor_id)",
                violation_error_message="This person and the meter belong to different distributors.",
            ),
        ),
    ]
