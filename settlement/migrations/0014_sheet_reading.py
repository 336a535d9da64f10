"""What a second look at the utility's own sheet found."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0011_program_triggers"),
        ("settlement", "0013_integrity_flag"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SheetReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("file_name", models.CharField(max_length=120, verbose_name="file")),
                ("sha256", models.CharField(max_length=64)),
                ("result", models.JSONField(default=dict)),
                ("read_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="read")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sheet_readings", to="events.event"
                    ),
                ),
                (
                    "read_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sheet_readings",
                        to="settlement.settlementrun",
                    ),
                ),
            ],
            options={"ordering": ["-read_at", "-id"]},
        ),
    ]
