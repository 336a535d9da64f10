"""Events ask single meters and areas."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0007_event_size_and_answers"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="eventtarget",
            name="event_target_is_one_thing",
        ),
        migrations.AddField(
            model_name="eventtarget",
            name="meter",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="event_targets", to="meters.meter"
            ),
        ),
        migrations.AddField(
            model_name="eventtarget",
            name="area",
            field=models.JSONField(null=True),
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("area__isnull", True),
                        ("feeder__isnull", True),
                        ("group__isnull", False),
                        ("meter__isnull", True),
                        ("organization__isnull", True),
                    ),
                    models.Q(
                        ("area__isnull", True),
                        ("feeder__isnull", False),
                        ("group__isnull", True),
                        ("meter__isnull", True),
                        ("organization__isnull", True),
                    ),
                    models.Q(
                        ("area__isnull", True),
                        ("feeder__isnull", True),
                        ("group__isnull", True),
                        ("meter__isnull", True),
                        ("organization__isnull", False),
                    ),
                    models.Q(
                        ("area__isnull", True),
                        ("feeder__isnull", True),
                        ("group__isnull", True),
                        ("meter__isnull", False),
                        ("organization__isnull", True),
                    ),
                    models.Q(
                        ("area__isnull", False),
                        ("feeder__isnull", True),
                        ("group__isnull", True),
                        ("meter__isnull", True),
                        ("organization__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="event_target_is_one_thing",
                violation_error_message="A target is one group, feeder, organization, meter or area.",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=models.UniqueConstraint(fields=("event", "meter"), name="event_target_meter_once"),
        ),
    ]
