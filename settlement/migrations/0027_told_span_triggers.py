"""What people were told stays."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [("settlement", "0026_told_span_open_events")]

    operations = [
        migrations.AddConstraint(
            model_name="toldspan",
            constraint=common.constraints.triggers.AppendOnly(name="told_span_append_only"),
        ),
    ]
