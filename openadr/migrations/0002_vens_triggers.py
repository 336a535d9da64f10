"""What holds between the rows of a VEN, and over time."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("openadr", "0001_vens"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="reportpoint",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="report_point_resource_of_ven",
                of=("report_id", "resource_id"),
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM openadr_resource r JOIN openadr_report p ON p.id = NEW.report_id WHERE r.id = NEW.resource_id AND r.ven_id <> p.ven_id)",
                violation_error_message="Report and resource belong to different VENs.",
            ),
        ),
        migrations.AddConstraint(
            model_name="upstream",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="upstream_program_same_distributor",
                of=("program_id", "distributor_id"),
                on=("INSERT", "UPDATE"),
                refuse="(SELECT p.distributor_id FROM events_program p WHERE p.id = NEW.program_id) <> NEW.distributor_id",
                violation_error_message="The program belongs to another distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="upstreamevent",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="upstream_event_same_distributor",
                of=("upstream_id", "event_id"),
                on=("INSERT", "UPDATE"),
                refuse="(SELECT u.distributor_id FROM openadr_upstream u WHERE u.id = NEW.upstream_id) <> (SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id WHERE e.id = NEW.event_id)",
                violation_error_message="The event belongs to another distributor.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ven",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="ven_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id OR NEW.ven_id <> OLD.ven_id",
                violation_error_message="A VEN stays with its distributor, and keeps its venID.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ven",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="ven_revoked_for_good",
                on=("UPDATE",),
                refuse="OLD.state = 'revoked' AND NEW.state <> 'revoked'",
                violation_error_message="A revoked VEN stays revoked; enroll a new one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ven",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="ven_owner_same_distributor",
                of=("owner_id", "distributor_id"),
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.owner_id AND COALESCE(e.tenant_id, e.id) <> NEW.distributor_id)",
                violation_error_message="VEN and owner belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="resource",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="resource_same_distributor",
                of=("ven_id", "meter_id"),
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM meters_meter m JOIN openadr_ven v ON v.id = NEW.ven_id WHERE m.id = NEW.meter_id AND m.distributor_id <> v.distributor_id)",
                violation_error_message="VEN and meter belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventdelivery",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="delivery_modification_rises",
                of=("modification_number", "start", "end", "level", "is_cancelled"),
                on=("UPDATE",),
                refuse="NEW.modification_number < OLD.modification_number OR (NEW.modification_number = OLD.modification_number AND (NEW.start <> OLD.start OR NEW.end <> OLD.end OR NEW.level <> OLD.level OR NEW.is_cancelled <> OLD.is_cancelled))",
                violation_error_message="What a VEN is told changes only with its modification number.",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventdelivery",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="delivery_same_distributor",
                of=("ven_id", "event_id"),
                on=("INSERT", "UPDATE"),
                refuse="(SELECT v.distributor_id FROM openadr_ven v WHERE v.id = NEW.ven_id) <> (SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id WHERE e.id = NEW.event_id)",
                violation_error_message="VEN and event belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="vencertificate",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="ven_certificate_stays_revoked",
                on=("UPDATE",),
                refuse="NEW.fingerprint <> OLD.fingerprint OR NEW.ven_id <> OLD.ven_id OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)",
                violation_error_message="A certificate stays with its VEN, and revoked where it is revoked.",
            ),
        ),
        migrations.AddConstraint(
            model_name="venopt",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="ven_opt_delivery_of_ven",
                of=("ven_id", "delivery_id"),
                on=("INSERT", "UPDATE"),
                refuse="EXISTS (SELECT 1 FROM openadr_eventdelivery d WHERE d.id = NEW.delivery_id AND d.ven_id <> NEW.ven_id)",
                violation_error_message="Opt and delivery belong to different VENs.",
            ),
        ),
        migrations.AddConstraint(
            model_name="deliveryrecord",
            constraint=common.constraints.triggers.AppendOnly(name="delivery_record_unchanged", on=("UPDATE",)),
        ),
    ]
