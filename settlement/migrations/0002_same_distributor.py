"""Runs, lines and the ledger stay within a distributor."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0001_initial"),
        ("events", "0001_initial"),
        ("meters", "0001_initial"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="ledgerbatch",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="ledger_batch_same_distributor",
                on=("INSERT",),
                refuse="NEW.run_id IS NOT NULL AND NEW.distributor_id <> (SELECT p.distributor_id FROM settlement_settlementrun r JOIN events_event v ON v.id = r.event_id JOIN events_program p ON p.id = v.program_id WHERE r.id = NEW.run_id)",
                violation_error_message="The run is of another distributor’s event.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="ledger_entry_same_distributor",
                on=("INSERT",),
                refuse="EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id AND COALESCE(h.tenant_id, h.id) <> (SELECT b.distributor_id FROM settlement_ledgerbatch b WHERE b.id = NEW.batch_id)) OR EXISTS (SELECT 1 FROM settlement_settlementline l JOIN settlement_settlementrun r ON r.id = l.run_id JOIN events_event v ON v.id = r.event_id JOIN events_program p ON p.id = v.program_id WHERE l.id = NEW.line_id AND p.distributor_id <> (SELECT b.distributor_id FROM settlement_ledgerbatch b WHERE b.id = NEW.batch_id))",
                violation_error_message="Batch, holder and line belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="settlement_line_same_distributor",
                on=("INSERT",),
                refuse="EXISTS (SELECT 1 FROM meters_meter m WHERE m.id = NEW.meter_id AND m.distributor_id <> (SELECT p.distributor_id FROM settlement_settlementrun r JOIN events_event v ON v.id = r.event_id JOIN events_program p ON p.id = v.program_id WHERE r.id = NEW.run_id)) OR EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id AND COALESCE(h.tenant_id, h.id) <> (SELECT p.distributor_id FROM settlement_settlementrun r JOIN events_event v ON v.id = r.event_id JOIN events_program p ON p.id = v.program_id WHERE r.id = NEW.run_id))",
                violation_error_message="Event, meter and holder belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementrun",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="settlement_run_made_within_distributor",
                on=("INSERT",),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e JOIN events_event v ON v.id = NEW.event_id JOIN events_program p ON p.id = v.program_id WHERE e.id = NEW.created_by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Who settles an event belongs to its distributor.",
            ),
        ),
    ]
