"""A placebo report counts the workers that began it, so that none is begun for ever."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0031_month_posted_later"),
    ]

    operations = [
        migrations.AddField(
            model_name="placeboreport",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
    ]
