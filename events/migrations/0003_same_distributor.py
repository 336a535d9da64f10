"""Programs, events and participations stay within a distributor."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0002_event_target"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="event",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_program_fixed",
                on=("UPDATE",),
                refuse="NEW.program_id <> OLD.program_id",
                violation_error_message="An event stays with its program.",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_made_within_distributor",
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e JOIN events_program p ON p.id = NEW.program_id WHERE e.id = NEW.created_by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Who makes an event belongs to its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="participation",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="participation_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM meters_meter m WHERE m.id = NEW.meter_id AND m.distributor_id <> (SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id WHERE e.id = NEW.event_id)) OR EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id AND COALESCE(h.tenant_id, h.id) <> (SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id WHERE e.id = NEW.event_id))",
                violation_error_message="Event, meter and holder belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="program",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="program_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message="A program stays with its distributor.",
            ),
        ),
    ]
