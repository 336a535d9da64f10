"""A request is to the distributor of its person."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [("organizations", "0004_organization_request")]

    operations = [
        migrations.AddConstraint(
            model_name="organizationrequest",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="request_same_distributor",
                on=("INSERT", "UPDATE"),
                refuse="COALESCE((SELECT e.tenant_id FROM accounts_entity e WHERE e.id = NEW.person_id), 0) <> NEW.distributor_id",
                violation_error_message="The person belongs to another distributor.",
            ),
        ),
    ]
