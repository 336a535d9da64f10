"""A test event is closed without being settled."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0023_event_closed_at"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="event", name="event_life"),
        migrations.AddConstraint(
            model_name="event",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_life",
                on=("UPDATE",),
                refuse="NEW.state <> OLD.state AND NOT ((OLD.state = 'draft' AND NEW.state = 'scheduled') OR (OLD.state = 'scheduled' AND NEW.state = 'notified') OR (OLD.state = 'notified' AND NEW.state = 'active') OR (OLD.state = 'active' AND NEW.state = 'completed') OR (OLD.state = 'completed' AND NEW.state = 'measured') OR (OLD.state = 'measured' AND NEW.state = 'settled') OR (OLD.state = 'settled' AND NEW.state = 'closed') OR (OLD.state = 'draft' AND NEW.state = 'cancelled') OR (OLD.state = 'scheduled' AND NEW.state = 'cancelled') OR (OLD.state = 'notified' AND NEW.state = 'cancelled') OR (OLD.state = 'active' AND NEW.state = 'cancelled') OR (NEW.is_test AND OLD.state IN ('completed', 'measured') AND NEW.state = 'closed'))",
                violation_error_message="An event cannot go from its state to that one.",
            ),
        ),
    ]
