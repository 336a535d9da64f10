"""Pay for standing by: what stays as it is."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0020_month_run"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="monthrun",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="month_run_same_distributor",
                on=("INSERT",),
                refuse="(SELECT p.distributor_id FROM events_program p WHERE p.id = NEW.program_id) <> (SELECT b.distributor_id FROM settlement_ledgerbatch b WHERE b.id = NEW.batch_id) OR EXISTS (SELECT 1 FROM accounts_entity e JOIN events_program p ON p.id = NEW.program_id WHERE e.id = NEW.created_by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Program, posting and author belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthrun",
            constraint=common.constraints.triggers.AppendOnly(name="month_run_append_only", on=("UPDATE", "DELETE")),
        ),
        migrations.AddConstraint(
            model_name="monthline",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="month_line_same_distributor",
                on=("INSERT",),
                refuse="EXISTS (SELECT 1 FROM meters_meter m WHERE m.id = NEW.meter_id AND m.distributor_id <> (SELECT p.distributor_id FROM settlement_monthrun r JOIN events_program p ON p.id = r.program_id WHERE r.id = NEW.run_id)) OR EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id AND COALESCE(h.tenant_id, h.id) <> (SELECT p.distributor_id FROM settlement_monthrun r JOIN events_program p ON p.id = r.program_id WHERE r.id = NEW.run_id))",
                violation_error_message="Program, meter and holder belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthline",
            constraint=common.constraints.triggers.AppendOnly(name="month_line_append_only", on=("UPDATE", "DELETE")),
        ),
    ]
