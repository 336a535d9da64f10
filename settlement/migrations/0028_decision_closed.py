"""A settlement that is left as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0027_told_span_triggers"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="rundecision", name="run_decision_kind_known"),
        migrations.AlterField(
            model_name="rundecision",
            name="kind",
            field=models.CharField(
                choices=[
                    ("approved", "approved"),
                    ("refused", "refused"),
                    ("reopened", "opened again"),
                    ("closed", "left as it is"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="rundecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["approved", "refused", "reopened", "closed"])),
                name="run_decision_kind_known",
            ),
        ),
    ]
