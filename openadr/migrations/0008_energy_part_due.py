from django.db import migrations, models


class Migration(migrations.Migration):
    """Energies that were reported before their end wait for it."""

    dependencies = [
        ("openadr", "0007_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="energypart",
            name="is_estimated",
            field=models.BooleanField(default=False, verbose_name="estimated"),
        ),
        migrations.AddField(
            model_name="energypart",
            name="due_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="waits until"),
        ),
        migrations.AddIndex(
            model_name="energypart",
            index=models.Index(fields=["due_at"], name="energy_part_by_due"),
        ),
    ]
