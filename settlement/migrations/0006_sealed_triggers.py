"""What is sealed stays."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0005_ledger_units"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="settlementrun", name="settlement_run_made_within_distributor"),
        migrations.AddConstraint(
            model_name="settlementrun",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="settlement_run_made_within_distributor",
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e JOIN events_event v ON v.id = NEW.event_id JOIN events_program p ON p.id = v.program_id WHERE e.id = NEW.created_by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Who settles an event belongs to its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementrun",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="settlement_run_event_fixed",
                on=("UPDATE",),
                refuse="NEW.event_id <> OLD.event_id",
                violation_error_message="A run stays with its event.",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="settlement_line_run_open",
                on=("INSERT",),
                refuse="(SELECT r.sealed_at FROM settlement_settlementrun r WHERE r.id = NEW.run_id) IS NOT NULL",
                violation_error_message="The run is sealed; nothing is added to it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=common.constraints.triggers.AppendOnly(name="settlement_line_unchanged", on=("UPDATE",)),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="settlement_line_append_only",
                on=("DELETE",),
                refuse="(SELECT r.sealed_at FROM settlement_settlementrun r WHERE r.id = OLD.run_id) IS NOT NULL",
                violation_error_message="A line is never deleted.",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementrun",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="settlement_run_append_only",
                on=("UPDATE", "DELETE"),
                refuse="OLD.sealed_at IS NOT NULL",
                violation_error_message="A run is never changed.",
            ),
        ),
    ]
