"""A month of standing by is posted once somebody has approved it."""

import django.db.models.deletion
from django.db import migrations, models

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0030_month_decision_triggers"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="monthrun", name="month_run_same_distributor"),
        migrations.RemoveConstraint(model_name="monthrun", name="month_run_append_only"),
        migrations.AlterField(
            model_name="monthrun",
            name="batch",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="month_run",
                to="settlement.ledgerbatch",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthrun",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="month_run_same_distributor",
                refuse="(SELECT p.distributor_id FROM events_program p WHERE p.id = NEW.program_id) <> (SELECT b.distributor_id FROM settlement_ledgerbatch b WHERE b.id = NEW.batch_id) OR EXISTS (SELECT 1 FROM accounts_entity e JOIN events_program p ON p.id = NEW.program_id WHERE e.id = NEW.created_by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Program, posting and author belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthrun",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="month_run_append_only",
                on=("UPDATE",),
                refuse="OLD.batch_id IS NOT NULL OR NEW.batch_id IS NULL OR NEW.program_id <> OLD.program_id OR NEW.month <> OLD.month OR NEW.number <> OLD.number OR NEW.inputs_sha256 <> OLD.inputs_sha256 OR NEW.created_at <> OLD.created_at OR COALESCE(NEW.created_by_id, 0) <> COALESCE(OLD.created_by_id, 0)",
                violation_error_message="A month is never changed; it is posted once.",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthrun",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="month_run_posted_approved",
                on=("UPDATE",),
                refuse="NEW.batch_id IS NOT NULL AND COALESCE((SELECT d.kind FROM settlement_monthdecision d WHERE d.run_id = OLD.id ORDER BY d.id DESC LIMIT 1), '') <> 'approved'",
                violation_error_message="A month is posted once somebody has approved it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthrun",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="month_run_kept",
                on=("DELETE",),
                refuse="1 = 1",
                violation_error_message="A month is never deleted.",
            ),
        ),
    ]
