"""The log of an event."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0011_program_triggers"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
                ("text", models.CharField(max_length=500, verbose_name="text")),
            ],
            options={
                "ordering": ["event", "at", "id"],
            },
        ),
        migrations.AddField(
            model_name="eventnote",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="who",
            ),
        ),
        migrations.AddField(
            model_name="eventnote",
            name="event",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="events.event"
            ),
        ),
        migrations.AddConstraint(
            model_name="eventnote",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True),
                name="event_note_says_something",
                violation_error_message="Write something first.",
            ),
        ),
    ]
