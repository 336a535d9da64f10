"""Who is enrolled and not asked."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0008_target_meter_and_area"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventLeftOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("operator", "left out by the operator"),
                            ("paused", "paused"),
                            ("no_holder", "nobody lives there"),
                            ("not_measured", "no readings of late"),
                            ("enough_events", "has had as many events as the terms allow"),
                        ],
                        max_length=14,
                        verbose_name="reason",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["event", "meter"],
            },
        ),
        migrations.AddField(
            model_name="eventleftout",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="eventleftout",
            name="event",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="left_out", to="events.event"
            ),
        ),
        migrations.AddField(
            model_name="eventleftout",
            name="meter",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="meters.meter"),
        ),
        migrations.AddConstraint(
            model_name="eventleftout",
            constraint=models.UniqueConstraint(fields=("event", "meter"), name="event_left_out_once"),
        ),
        migrations.AddConstraint(
            model_name="eventleftout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reason__in", ["operator", "paused", "no_holder", "not_measured", "enough_events"])
                ),
                name="event_left_out_reason_known",
            ),
        ),
    ]
