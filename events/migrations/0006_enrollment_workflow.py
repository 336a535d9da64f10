"""From asking to taking part, and what was agreed to."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import common.constraints.foreign_keys


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0005_program_terms"),
    ]

    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("given_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="agreed")),
                ("terms_sha256", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ["enrollment", "given_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="enrollment",
            name="applied_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="asked for"),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="applied_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="decided_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="decided"),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="is_exclusive",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="state",
            field=models.CharField(
                choices=[
                    ("applied", "asked for"),
                    ("eligible", "data suffice"),
                    ("active", "takes part"),
                    ("paused", "paused"),
                    ("refused", "refused"),
                ],
                default="active",
                max_length=8,
                verbose_name="state",
            ),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="gate",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="reason",
            field=models.CharField(blank=True, max_length=200, verbose_name="reason"),
        ),
        migrations.AddField(
            model_name="consent",
            name="enrollment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="consents", to="events.enrollment"
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="given_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="holder",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.entity"
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="consents", to="events.programversion"
            ),
        ),
        migrations.AddField(
            model_name="enrollment",
            name="exclusive_meter",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        ended_at__isnull=True, is_exclusive=True, state__in=("active", "paused"), then=models.F("meter")
                    )
                ),
                output_field=models.BigIntegerField(null=True),
            ),
        ),
        migrations.AddConstraint(
            model_name="enrollment",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["applied", "eligible", "active", "paused", "refused"])),
                name="enrollment_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="enrollment",
            constraint=common.constraints.foreign_keys.CompositeForeignKey(
                fields=("program", "is_exclusive"),
                name="enrollment_exclusive_as_program",
                to="events.Program",
                to_fields=("id", "is_exclusive"),
            ),
        ),
        migrations.AddConstraint(
            model_name="enrollment",
            constraint=common.constraints.foreign_keys.UniqueColumns(
                fields=("exclusive_meter",),
                name="enrollment_one_exclusive_program",
                violation_error_message="This meter is in another exclusive program.",
            ),
        ),
    ]
