"""Requests to create an organization."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import common.constraints.foreign_keys


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0003_membership_decision"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OrganizationRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50, verbose_name="name")),
                ("message", models.TextField(blank=True, max_length=500, verbose_name="message")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waiting"),
                            ("approved", "approved"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "asked_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="asked"),
                ),
                ("decided_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="decided")),
                ("reason", models.TextField(blank=True, max_length=500, verbose_name="reason")),
                (
                    "waiting_person",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(models.When(state="pending", then=models.F("person"))),
                        output_field=models.BigIntegerField(null=True),
                    ),
                ),
                (
                    "decided_by",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="organization_requests",
                        to="organizations.distributor",
                        verbose_name="distributor",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="organization_requests",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "approved", "refused", "withdrawn"])),
                        name="request_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "pending"), ("decided_at__isnull", False), _connector="OR"),
                        name="request_end_has_time",
                        violation_error_message="A decision has its time.",
                    ),
                    common.constraints.foreign_keys.UniqueColumns(
                        fields=("waiting_person",),
                        name="request_one_at_a_time",
                        violation_error_message="This person has a request that waits already.",
                    ),
                ],
            },
        ),
    ]
