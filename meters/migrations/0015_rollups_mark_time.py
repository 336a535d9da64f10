"""Marks of sums say since when they wait."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0014_quality_mark"),
    ]

    operations = [
        migrations.AddField(
            model_name=name,
            name="marked_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        )
        for name in ("rollupmark", "scopemark")
    ]
