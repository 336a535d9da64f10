"""Readings and predictions in fewer bytes: whole seconds, four bytes for Wh, and a saving that is computed when it is read."""

from django.db import migrations, models

import common.fields


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0003_same_distributor"),
    ]

    operations = [
        migrations.RemoveField(model_name="intervalreading", name="saving_wh"),
        migrations.AlterField(model_name="intervalreading", name="start", field=common.fields.SecondField()),
        migrations.AlterField(model_name="prediction", name="start", field=common.fields.SecondField()),
        migrations.AlterField(model_name="intervalreading", name="energy_wh", field=models.IntegerField()),
        migrations.AlterField(
            model_name="intervalreading", name="predicted_wh", field=models.IntegerField(blank=True, null=True)
        ),
        migrations.AlterField(model_name="prediction", name="wh", field=models.IntegerField()),
        migrations.AlterField(model_name="prediction", name="lower_wh", field=models.IntegerField()),
        migrations.AlterField(model_name="prediction", name="upper_wh", field=models.IntegerField()),
        migrations.AddField(
            model_name="intervalreading",
            name="saving_wh",
            field=models.GeneratedField(
                db_persist=False,
                expression=models.functions.Greatest(models.Value(0), models.F("predicted_wh") - models.F("energy_wh")),
                output_field=models.BigIntegerField(null=True),
            ),
        ),
    ]
