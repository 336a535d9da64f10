"""Triggers that give way to others."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_personal_export"),
        ("events", "0011_program_triggers"),
        ("meters", "0015_rollups_mark_time"),
        ("organizations", "0006_invitation"),
        ("settlement", "0002_same_distributor"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="settlementline",
            name="settlement_line_append_only",
        ),
        migrations.RemoveConstraint(
            model_name="settlementrun",
            name="settlement_run_append_only",
        ),
    ]
