"""A reading of a sheet is never changed."""

from django.db import migrations

import common.constraints.triggers


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0014_sheet_reading"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="sheetreading",
            constraint=common.constraints.triggers.AppendOnly(name="sheet_reading_append_only"),
        ),
    ]
