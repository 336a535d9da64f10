"""What was predicted stays."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0009_frozen_prediction"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="frozenprediction",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="frozen_prediction_same_distributor",
                on=("INSERT",),
                refuse="(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id) <> (SELECT p.distributor_id FROM events_event v JOIN events_program p ON p.id = v.program_id WHERE v.id = NEW.event_id)",
                violation_error_message="Event and meter belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="frozenprediction",
            constraint=common.constraints.triggers.AppendOnly(name="frozen_prediction_append_only"),
        ),
    ]
