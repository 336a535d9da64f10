"""When an event was closed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0022_nomination_without_address"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="closed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="closed"),
        ),
    ]
