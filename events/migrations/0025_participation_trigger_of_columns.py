"""A participation's tenancy is checked where event, meter or holder change, not at each change of its state."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0024_event_test_closes"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="participation", name="participation_same_distributor"),
        migrations.AddConstraint(
            model_name="participation",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="participation_same_distributor",
                of=("event_id", "meter_id", "holder_id"),
                refuse="EXISTS (SELECT 1 FROM meters_meter m WHERE m.id = NEW.meter_id AND m.distributor_id <> (SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id WHERE e.id = NEW.event_id)) OR EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id AND COALESCE(h.tenant_id, h.id) <> (SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id WHERE e.id = NEW.event_id))",
                violation_error_message="Event, meter and holder belong to different distributors.",
            ),
        ),
    ]
