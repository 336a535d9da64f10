"""Disputes: whose they are, their way, and that nothing said is changed."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0022_dispute"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="dispute",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="dispute_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="NEW.distributor_id <> (SELECT p.distributor_id FROM events_participation a JOIN events_event e ON e.id = a.event_id JOIN events_program p ON p.id = e.program_id WHERE a.id = NEW.participation_id) OR EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id AND COALESCE(h.tenant_id, h.id) <> NEW.distributor_id) OR EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.opened_by_id AND e.tenant_id <> NEW.distributor_id) OR EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.decided_by_id AND e.tenant_id <> NEW.distributor_id) OR EXISTS (SELECT 1 FROM settlement_settlementline l JOIN settlement_settlementrun r ON r.id = l.run_id JOIN events_participation a ON a.id = NEW.participation_id WHERE l.id = NEW.line_id AND (r.event_id <> a.event_id OR l.meter_id <> a.meter_id)) OR EXISTS (SELECT 1 FROM settlement_settlementrun r JOIN events_participation a ON a.id = NEW.participation_id WHERE r.id = NEW.run_id AND r.event_id <> a.event_id)",
                violation_error_message="The dispute names something of another distributor or event.",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="dispute_begins_open",
                on=("INSERT",),
                refuse="NEW.state <> 'open'",
                violation_error_message="A dispute begins open.",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="dispute_way",
                on=("UPDATE",),
                refuse="OLD.state IN ('in_favor', 'against', 'withdrawn') OR (NEW.due_at <> OLD.due_at AND NOT (OLD.state = 'answered' AND NEW.state = 'open')) OR COALESCE(NEW.distributor_id, 0) <> COALESCE(OLD.distributor_id, 0) OR COALESCE(NEW.participation_id, 0) <> COALESCE(OLD.participation_id, 0) OR COALESCE(NEW.holder_id, 0) <> COALESCE(OLD.holder_id, 0) OR COALESCE(NEW.line_id, 0) <> COALESCE(OLD.line_id, 0) OR COALESCE(NEW.category, 0) <> COALESCE(OLD.category, 0) OR COALESCE(NEW.opened_by_id, 0) <> COALESCE(OLD.opened_by_id, 0) OR COALESCE(NEW.opened_at, 0) <> COALESCE(OLD.opened_at, 0)",
                violation_error_message="A dispute is decided once, and stays what was said.",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="dispute_kept",
                on=("DELETE",),
                refuse="1 = 1",
                violation_error_message="A dispute is never deleted.",
            ),
        ),
        migrations.AddConstraint(
            model_name="disputemessage",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="dispute_message_same_distributor",
                on=("INSERT",),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.author_id AND e.tenant_id <> (SELECT d.distributor_id FROM settlement_dispute d WHERE d.id = NEW.dispute_id))",
                violation_error_message="Who writes in a dispute belongs to its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="disputemessage",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="dispute_message_unchanged",
                on=("UPDATE",),
                refuse="NEW.words <> '' OR NEW.dispute_id <> OLD.dispute_id OR NEW.author_id <> OLD.author_id OR NEW.is_from_distributor <> OLD.is_from_distributor OR NEW.written_at <> OLD.written_at OR NOT EXISTS (SELECT 1 FROM settlement_dispute d JOIN accounts_user u ON u.entity_id = d.holder_id WHERE d.id = OLD.dispute_id AND u.closed_at IS NOT NULL)",
                violation_error_message="What was said is never changed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="disputemessage",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="dispute_message_kept",
                on=("DELETE",),
                refuse="1 = 1",
                violation_error_message="What was said is never deleted.",
            ),
        ),
    ]
