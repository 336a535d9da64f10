"""Invitations into an organization."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.fields
import common.constraints.foreign_keys
import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0005_organization_request_same_distributor"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", accounts.fields.NormalizedEmailField(max_length=254, verbose_name="email")),
                ("first_name", models.CharField(blank=True, max_length=50, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=50, verbose_name="last name")),
                (
                    "role",
                    models.CharField(
                        choices=[("member", "member"), ("admin", "admin")],
                        default="member",
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="invited"),
                ),
                ("expires_at", models.DateTimeField(editable=False, verbose_name="valid until")),
                ("accepted_at", models.DateTimeField(editable=False, null=True, verbose_name="accepted")),
                ("withdrawn_at", models.DateTimeField(editable=False, null=True, verbose_name="withdrawn")),
                (
                    "unused_email",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                models.Q(("accepted_at__isnull", True), ("withdrawn_at__isnull", True)),
                                then=models.F("email"),
                            )
                        ),
                        output_field=accounts.fields.NormalizedEmailField(max_length=254, null=True),
                    ),
                ),
                (
                    "accepted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="organizations.organization",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["member", "admin"])), name="invitation_role_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at__isnull", True), ("withdrawn_at__isnull", True), _connector="OR"
                        ),
                        name="invitation_ends_once",
                        violation_error_message="An invitation is accepted or withdrawn, not both.",
                    ),
                    common.constraints.foreign_keys.UniqueColumns(
                        fields=("organization", "unused_email"),
                        name="invitation_one_per_address",
                        violation_error_message="This address is invited already.",
                    ),
                ],
            },
        ),
    ]
