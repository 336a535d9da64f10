"""What people said of a month of standing by: what stays as it is."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0029_month_decision"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="monthdecision",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="month_decision_by_another",
                on=("INSERT",),
                refuse="NEW.kind = 'approved' AND EXISTS (SELECT 1 FROM settlement_monthrun r WHERE r.id = NEW.run_id AND r.created_by_id = NEW.decided_by_id)",
                violation_error_message="Somebody else than who had it worked out approves a month.",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthdecision",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="month_decision_within_distributor",
                on=("INSERT",),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e JOIN settlement_monthrun r ON r.id = NEW.run_id JOIN events_program p ON p.id = r.program_id WHERE e.id = NEW.decided_by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Who decides on a month belongs to its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthdecision",
            constraint=common.constraints.triggers.AppendOnly(
                name="month_decision_append_only", on=("UPDATE", "DELETE")
            ),
        ),
    ]
