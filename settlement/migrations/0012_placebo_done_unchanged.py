"""A finished report stays as it is."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [("settlement", "0011_placebo_report")]

    operations = [
        migrations.AddConstraint(
            model_name="placeboreport",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="placebo_done_unchanged",
                on=("UPDATE",),
                refuse="OLD.state = 'done'",
                violation_error_message="A finished report is never changed.",
            ),
        ),
    ]
