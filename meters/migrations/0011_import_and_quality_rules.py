"""Imports go step by step, and they and what is found wrong stay within their distributor."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0010_exclusion_note"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="batch_state_step",
                on=("UPDATE",),
                refuse="NOT ((OLD.state = 'uploaded' AND NEW.state IN ('uploaded', 'checking', 'waiting', 'dropped', 'failed')) OR (OLD.state = 'checking' AND NEW.state IN ('checking', 'uploaded', 'checked', 'failed')) OR (OLD.state = 'checked' AND NEW.state IN ('checked', 'waiting', 'dropped')) OR (OLD.state = 'waiting' AND NEW.state IN ('waiting', 'storing', 'dropped', 'failed')) OR (OLD.state = 'storing' AND NEW.state IN ('storing', 'waiting', 'stored', 'failed')) OR (OLD.state = 'stored' AND NEW.state IN ('stored', 'undo_asked', 'undoing')) OR (OLD.state = 'undo_asked' AND NEW.state IN ('undo_asked', 'stored', 'undoing')) OR (OLD.state = 'undoing' AND NEW.state IN ('undoing', 'stored', 'undone')) OR (OLD.state = 'failed' AND NEW.state IN ('failed', 'waiting', 'dropped')) OR (OLD.state = 'dropped' AND NEW.state IN ('dropped')) OR (OLD.state = 'undone' AND NEW.state IN ('undone')))",
                violation_error_message="An import cannot go from this state to that one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="batch_organization_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="NEW.organization_id IS NOT NULL AND NEW.distributor_id <> (SELECT o.distributor_id FROM organizations_organization o WHERE o.entity_id = NEW.organization_id)",
                violation_error_message="The organization belongs to another distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="importbatch",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="batch_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message="An import stays with its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualityhit",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="hit_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="NEW.distributor_id <> (SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id)",
                violation_error_message="The meter belongs to another distributor.",
            ),
        ),
    ]
