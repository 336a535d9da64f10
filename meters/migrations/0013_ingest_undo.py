"""What an undo must know: which revisions are later than an import, and which register reads are of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0012_archived_month"),
    ]

    operations = [
        migrations.AddField(
            model_name="batchspan",
            name="after_revision",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="registerread",
            name="batch",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="register_reads",
                to="meters.importbatch",
            ),
        ),
        migrations.AddField(
            model_name="registerread",
            name="former_wh",
            field=models.BigIntegerField(null=True),
        ),
    ]
