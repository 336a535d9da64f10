"""A note is never changed, and belongs to the event's distributor."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0012_event_note"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="eventnote",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_note_within_distributor",
                on=("INSERT",),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e JOIN events_event v ON v.id = NEW.event_id JOIN events_program p ON p.id = v.program_id WHERE e.id = NEW.by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Who writes in the log of an event belongs to its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventnote",
            constraint=common.constraints.triggers.AppendOnly(name="event_note_unchanged", on=("UPDATE",)),
        ),
        migrations.AddConstraint(
            model_name="eventnote",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_note_kept",
                on=("DELETE",),
                refuse="(SELECT e.state FROM events_event e WHERE e.id = OLD.event_id) NOT IN ('draft', 'scheduled')",
                violation_error_message="The event was announced; its log is kept.",
            ),
        ),
    ]
