"""The dispute that an adjustment settles."""

import django.db.models.deletion
from django.db import migrations, models

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0023_dispute_triggers"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="adjustment",
            name="adjustment_same_distributor",
        ),
        migrations.RemoveConstraint(
            model_name="adjustment",
            name="adjustment_decided_once",
        ),
        migrations.AddField(
            model_name="adjustment",
            name="dispute",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="adjustments",
                to="settlement.dispute",
            ),
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="adjustment_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.asked_by_id AND e.tenant_id <> NEW.distributor_id) OR EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.decided_by_id AND e.tenant_id <> NEW.distributor_id) OR EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id AND COALESCE(h.tenant_id, h.id) <> NEW.distributor_id) OR EXISTS (SELECT 1 FROM settlement_settlementline l JOIN settlement_settlementrun r ON r.id = l.run_id JOIN events_event v ON v.id = r.event_id JOIN events_program p ON p.id = v.program_id WHERE l.id = NEW.line_id AND p.distributor_id <> NEW.distributor_id) OR EXISTS (SELECT 1 FROM events_event v JOIN events_program p ON p.id = v.program_id WHERE v.id = NEW.event_id AND p.distributor_id <> NEW.distributor_id) OR EXISTS (SELECT 1 FROM settlement_dispute d WHERE d.id = NEW.dispute_id AND (d.distributor_id <> NEW.distributor_id OR d.holder_id <> NEW.holder_id)) OR EXISTS (SELECT 1 FROM settlement_ledgerbatch b WHERE b.id = NEW.batch_id AND b.distributor_id <> NEW.distributor_id)",
                violation_error_message="The adjustment names something of another distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="adjustment_decided_once",
                on=("UPDATE",),
                refuse="OLD.state <> 'asked' OR COALESCE(NEW.distributor_id, 0) <> COALESCE(OLD.distributor_id, 0) OR COALESCE(NEW.holder_id, 0) <> COALESCE(OLD.holder_id, 0) OR COALESCE(NEW.line_id, 0) <> COALESCE(OLD.line_id, 0) OR COALESCE(NEW.event_id, 0) <> COALESCE(OLD.event_id, 0) OR COALESCE(NEW.unit, 0) <> COALESCE(OLD.unit, 0) OR COALESCE(NEW.amount, 0) <> COALESCE(OLD.amount, 0) OR COALESCE(NEW.asked_by_id, 0) <> COALESCE(OLD.asked_by_id, 0) OR COALESCE(NEW.reason, 0) <> COALESCE(OLD.reason, 0) OR COALESCE(NEW.dispute_id, 0) <> COALESCE(OLD.dispute_id, 0)",
                violation_error_message="An adjustment is decided once, and is what was asked for.",
            ),
        ),
    ]
