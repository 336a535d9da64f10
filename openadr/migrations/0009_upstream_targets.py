from django.db import migrations, models


class Migration(migrations.Migration):
    """Events from above may ask a part of the program only."""

    dependencies = [
        ("openadr", "0008_energy_part_due"),
    ]

    operations = [
        migrations.AddField(
            model_name="upstream",
            name="targets",
            field=models.JSONField(blank=True, default=list, verbose_name="its events ask"),
        ),
    ]
