"""Triggers that give way to others."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_personal_export"),
        ("events", "0003_same_distributor"),
        ("meters", "0015_rollups_mark_time"),
        ("organizations", "0006_invitation"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="eventtarget",
            name="event_target_same_distributor",
        ),
        migrations.RemoveConstraint(
            model_name="programversion",
            name="program_version_append_only",
        ),
    ]
