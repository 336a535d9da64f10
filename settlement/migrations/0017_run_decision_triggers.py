"""What people said of a run: what stays as it is."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0016_run_decision"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="rundecision",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="run_decision_by_another",
                on=("INSERT",),
                refuse="NEW.kind = 'approved' AND EXISTS (SELECT 1 FROM settlement_settlementrun r WHERE r.id = NEW.run_id AND r.created_by_id = NEW.decided_by_id)",
                violation_error_message="Somebody else than who had it worked out approves a settlement.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rundecision",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="run_decision_within_distributor",
                on=("INSERT",),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e JOIN settlement_settlementrun r ON r.id = NEW.run_id JOIN events_event v ON v.id = r.event_id JOIN events_program p ON p.id = v.program_id WHERE e.id = NEW.decided_by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Who decides on a settlement belongs to its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rundecision",
            constraint=common.constraints.triggers.AppendOnly(name="run_decision_append_only", on=("UPDATE", "DELETE")),
        ),
    ]
