"""An event made longer while it runs keeps the end told before, and each participation until when it counts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0019_nomination_at_joining"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="told_end",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="end told before"),
        ),
        migrations.AddField(
            model_name="participation",
            name="until",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="counts until"),
        ),
    ]
