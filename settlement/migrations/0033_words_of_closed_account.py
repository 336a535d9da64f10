"""What a person wrote in an organization's dispute may be taken out once that person's account is closed."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0032_placebo_attempts"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="disputemessage", name="dispute_message_unchanged"),
        migrations.AddConstraint(
            model_name="disputemessage",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="dispute_message_unchanged",
                on=("UPDATE",),
                refuse="NEW.words <> '' OR NEW.dispute_id <> OLD.dispute_id OR NEW.author_id <> OLD.author_id OR NEW.is_from_distributor <> OLD.is_from_distributor OR NEW.written_at <> OLD.written_at OR NOT EXISTS (SELECT 1 FROM settlement_dispute d JOIN accounts_user u ON u.entity_id = d.holder_id OR (u.entity_id = OLD.author_id AND NOT OLD.is_from_distributor) WHERE d.id = OLD.dispute_id AND u.closed_at IS NOT NULL)",
                violation_error_message="What was said is never changed.",
            ),
        ),
    ]
