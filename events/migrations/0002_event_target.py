"""Whom an event asks."""

import django.db.models.deletion
from django.db import migrations, models

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0001_initial"),
        ("meters", "0001_initial"),
        ("organizations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventTarget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="targets", to="events.event"
                    ),
                ),
                (
                    "feeder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="event_targets",
                        to="meters.feeder",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="event_targets",
                        to="organizations.organizationgroup",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="event_targets",
                        to="organizations.organization",
                    ),
                ),
            ],
            options={
                "ordering": ["event", "id"],
            },
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("feeder__isnull", True), ("group__isnull", False), ("organization__isnull", True)),
                    models.Q(("feeder__isnull", False), ("group__isnull", True), ("organization__isnull", True)),
                    models.Q(("feeder__isnull", True), ("group__isnull", True), ("organization__isnull", False)),
                    _connector="OR",
                ),
                name="event_target_is_one_thing",
                violation_error_message="A target is one group, one feeder or one organization.",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=models.UniqueConstraint(fields=("event", "group"), name="event_target_group_once"),
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=models.UniqueConstraint(fields=("event", "feeder"), name="event_target_feeder_once"),
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=models.UniqueConstraint(fields=("event", "organization"), name="event_target_organization_once"),
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_target_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="(SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id WHERE e.id = NEW.event_id) <> COALESCE((SELECT g.distributor_id FROM organizations_organizationgroup g WHERE g.id = NEW.group_id), (SELECT f.distributor_id FROM meters_feeder f WHERE f.id = NEW.feeder_id), (SELECT o.distributor_id FROM organizations_organization o WHERE o.entity_id = NEW.organization_id))",
                violation_error_message="Event and target belong to different distributors.",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_target_frozen",
                on=("INSERT", "UPDATE"),
                refuse="NOT ((SELECT e.state FROM events_event e WHERE e.id = NEW.event_id) IN ('draft', 'scheduled'))",
                violation_error_message="The event was announced; whom it asks is fixed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventtarget",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="event_target_not_deleted",
                on=("UPDATE", "DELETE"),
                refuse="NOT ((SELECT e.state FROM events_event e WHERE e.id = OLD.event_id) IN ('draft', 'scheduled'))",
                violation_error_message="The event was announced; whom it asks is fixed.",
            ),
        ),
    ]
