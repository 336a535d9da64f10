from django.db import migrations, models

import openadr.fields


class Migration(migrations.Migration):
    """What a point called its resource, and how often a report was asked for."""

    dependencies = [
        ("openadr", "0003_ids_exact"),
    ]

    operations = [
        migrations.AddField(
            model_name="reportpoint",
            name="resource_name",
            field=openadr.fields.ExactCharField(blank=True, default="", max_length=128, verbose_name="its resourceID"),
        ),
        migrations.AddField(
            model_name="reportrequest",
            name="asked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="asked for"),
        ),
        migrations.AddField(
            model_name="reportrequest",
            name="asks",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
