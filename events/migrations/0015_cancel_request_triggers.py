"""Who calls an event off belongs to its distributor, and an answer stands."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0014_cancel_request"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="cancelrequest",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="cancel_request_within_distributor",
                refuse="EXISTS (SELECT 1 FROM accounts_entity e JOIN events_event v ON v.id = NEW.event_id JOIN events_program p ON p.id = v.program_id WHERE e.id = NEW.asked_by_id AND e.tenant_id <> p.distributor_id) OR EXISTS (SELECT 1 FROM accounts_entity e JOIN events_event v ON v.id = NEW.event_id JOIN events_program p ON p.id = v.program_id WHERE e.id = NEW.answered_by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Who calls an event off belongs to its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancelrequest",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="cancel_request_answer_stands",
                on=("UPDATE",),
                refuse="OLD.answer <> 'open'",
                violation_error_message="The request was answered already.",
            ),
        ),
    ]
