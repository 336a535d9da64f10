"""A rule that published terms use stays as it is."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0011_program_triggers"),
        ("settlement", "0007_baseline_rule"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="baselinerule",
            constraint=common.constraints.triggers.TriggerConstraint(
                name="baseline_rule_frozen",
                on=("UPDATE", "DELETE"),
                refuse="EXISTS (SELECT 1 FROM events_programversion v JOIN events_program p ON p.id = v.program_id WHERE p.distributor_id = OLD.distributor_id AND v.rule_sha256 = OLD.sha256 AND v.published_at IS NOT NULL)",
                violation_error_message="Published terms use this rule, so it stays as it is; make another one.",
            ),
        ),
    ]
