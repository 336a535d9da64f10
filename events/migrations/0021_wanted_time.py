"""The new time of an event that one admin asked for and that waits for a second one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0020_told_end"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="wanted_start",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="wanted_end",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
