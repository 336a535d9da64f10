from django.db import migrations

import openadr.fields


class Migration(migrations.Migration):
    """Ids of others are compared letter by letter."""

    dependencies = [
        ("openadr", "0002_vens_triggers"),
    ]

    operations = [
        migrations.AlterField(
            model_name="report",
            name="specifier_id",
            field=openadr.fields.ExactCharField(max_length=128, verbose_name="reportSpecifierID"),
        ),
        migrations.AlterField(
            model_name="reportpoint",
            name="r_id",
            field=openadr.fields.ExactCharField(max_length=128, verbose_name="rID"),
        ),
        migrations.AlterField(
            model_name="venopt",
            name="opt_id",
            field=openadr.fields.ExactCharField(max_length=128, verbose_name="optID"),
        ),
    ]
