"""What the database holds of terms, enrollments and events."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0010_opt_schedule"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="event",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_terms_published",
                on=("INSERT", "UPDATE"),
                refuse="(SELECT v.published_at FROM events_programversion v WHERE v.id = NEW.version_id) IS NULL AND NEW.version_id IS NOT NULL",
                violation_error_message="The terms are a draft; publish them first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_second_person",
                on=("UPDATE",),
                refuse="NEW.state = 'scheduled' AND OLD.state = 'draft' AND NEW.needs_second AND (NEW.approved_by_id IS NULL OR NEW.approved_by_id = COALESCE(NEW.created_by_id, 0))",
                violation_error_message="An event of this size needs a second person’s agreement.",
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_agreed_within_distributor",
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e JOIN events_program p ON p.id = NEW.program_id WHERE e.id = NEW.approved_by_id AND e.tenant_id <> p.distributor_id)",
                violation_error_message="Who agrees to an event belongs to its distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_target_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="(SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id WHERE e.id = NEW.event_id) <> COALESCE((SELECT g.distributor_id FROM organizations_organizationgroup g WHERE g.id = NEW.group_id), (SELECT f.distributor_id FROM meters_feeder f WHERE f.id = NEW.feeder_id), (SELECT o.distributor_id FROM organizations_organization o WHERE o.entity_id = NEW.organization_id), (SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id))",
                violation_error_message="Event and target belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="programversion",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="program_version_frozen",
                on=("UPDATE", "DELETE"),
                refuse="OLD.published_at IS NOT NULL",
                violation_error_message="Published terms are never changed; publish a new version.",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="consent_version_of_program",
                on=("INSERT",),
                refuse="(SELECT e.program_id FROM events_enrollment e WHERE e.id = NEW.enrollment_id) <> (SELECT v.program_id FROM events_programversion v WHERE v.id = NEW.version_id)",
                violation_error_message="The terms are those of another program.",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="consent_holder_within_distributor",
                on=("INSERT",),
                refuse="EXISTS (SELECT 1 FROM accounts_entity h JOIN events_enrollment e ON e.id = NEW.enrollment_id JOIN events_program p ON p.id = e.program_id WHERE h.id = NEW.holder_id AND COALESCE(h.tenant_id, h.id) <> p.distributor_id)",
                violation_error_message="Enrollment and holder belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=common.constraints.triggers.AppendOnly(name="consent_append_only", on=("UPDATE", "DELETE")),
        ),
        migrations.AddConstraint(
            model_name="eventleftout",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_left_out_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="(SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id WHERE e.id = NEW.event_id) <> (SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id)",
                violation_error_message="Event and meter belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="optschedule",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="opt_schedule_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id) <> (SELECT COALESCE(h.tenant_id, h.id) FROM accounts_entity h WHERE h.id = NEW.holder_id) OR EXISTS (SELECT 1 FROM events_program p JOIN meters_meter m ON m.id = NEW.meter_id WHERE p.id = NEW.program_id AND p.distributor_id <> m.distributor_id)",
                violation_error_message="Meter, holder and program belong to different distributors.",
            ),
        ),
    ]
