from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("openadr", "0009_upstream_targets")]

    operations = [
        # Nullable: a default would make SQLite build the table anew, without its triggers.
        migrations.AddField(
            model_name="resource",
            name="is_never_source",
            field=models.BooleanField(editable=False, null=True, verbose_name="its reports are never the readings"),
        ),
    ]
