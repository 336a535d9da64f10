"""Files of readings on their way into the portal."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import common.fields


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0004_narrow_readings"),
        ("organizations", "0006_invitation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("page", "upload page"),
                            ("command", "command line"),
                            ("api", "API"),
                            ("legacy", "first system"),
                        ],
                        max_length=8,
                        verbose_name="came by",
                    ),
                ),
                ("file_name", models.CharField(max_length=120, verbose_name="file")),
                ("size_bytes", models.PositiveBigIntegerField(default=0, verbose_name="size")),
                ("sha256", models.CharField(max_length=64)),
                ("format", models.CharField(blank=True, max_length=20, verbose_name="format")),
                ("options", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "waits to be checked"),
                            ("checking", "is being checked"),
                            ("checked", "checked, not stored yet"),
                            ("waiting", "waits to be stored"),
                            ("storing", "is being stored"),
                            ("stored", "stored"),
                            ("failed", "failed"),
                            ("dropped", "dropped"),
                            ("undo_asked", "undo waits for a second person"),
                            ("undoing", "is being undone"),
                            ("undone", "undone"),
                        ],
                        default="uploaded",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("done", models.PositiveBigIntegerField(default=0)),
                ("beat_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("totals", models.JSONField(default=dict)),
                ("failure", models.CharField(blank=True, max_length=500, verbose_name="what went wrong")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="uploaded")),
                ("stored_at", models.DateTimeField(null=True, verbose_name="stored at")),
                ("undo_asked_at", models.DateTimeField(null=True)),
                ("undo_reason", models.CharField(blank=True, max_length=200)),
                ("undone_at", models.DateTimeField(null=True, verbose_name="undone at")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "distributor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="import_batches",
                        to="organizations.distributor",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="import_batches",
                        to="organizations.organization",
                    ),
                ),
                (
                    "stored_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "undo_asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="BatchSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", common.fields.SecondField()),
                ("end", common.fields.SecondField()),
                (
                    "meter",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="meters.meter",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="spans", to="meters.importbatch"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="importbatch",
            index=models.Index(fields=["distributor", "sha256"], name="batch_distributor_sha256"),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "uploaded",
                            "checking",
                            "checked",
                            "waiting",
                            "storing",
                            "stored",
                            "failed",
                            "dropped",
                            "undo_asked",
                            "undoing",
                            "undone",
                        ],
                    )
                ),
                name="batch_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["page", "command", "api", "legacy"])), name="batch_source_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="batchspan",
            constraint=models.CheckConstraint(
                condition=models.Q(("end__gt", models.F("start"))), name="batchspan_ends_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="batchspan",
            constraint=models.UniqueConstraint(fields=("batch", "meter", "start"), name="batchspan_once"),
        ),
    ]
