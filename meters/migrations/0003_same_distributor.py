"""What hangs on a meter or feeder stays with its distributor."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0002_claim_code"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="exclusion",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="exclusion_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="NEW.distributor_id <> COALESCE((SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id), (SELECT f.distributor_id FROM meters_feeder f WHERE f.id = NEW.feeder_id))",
                violation_error_message="The meter or feeder belongs to another distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="feeder",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="feeder_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message="A feeder stays with its distributor.",
            ),
        ),
    ]
