"""A meter whose holder has not agreed to the terms in force is left out with that reason."""

from django.db import migrations, models

REASONS = [
    ("operator", "left out by the operator"),
    ("paused", "paused"),
    ("no_holder", "nobody lives there"),
    ("not_agreed", "has not agreed to the terms in force"),
    ("not_measured", "no readings of late"),
    ("enough_events", "has had as many events as the terms allow"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0016_calendar_feed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="eventleftout",
            name="reason",
            field=models.CharField(choices=REASONS, max_length=14, verbose_name="reason"),
        ),
        migrations.RemoveConstraint(model_name="eventleftout", name="event_left_out_reason_known"),
        migrations.AddConstraint(
            model_name="eventleftout",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", [value for value, _label in REASONS])),
                name="event_left_out_reason_known",
            ),
        ),
    ]
