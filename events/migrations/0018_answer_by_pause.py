"""An event that a pause skipped says so, so that going on can take it up again."""

from django.db import migrations, models

SOURCES = [
    ("page", "on the page"),
    ("link", "by the link of a notice"),
    ("schedule", "by a standing wish"),
    ("device", "by a device"),
    ("api", "by the API"),
    ("operator", "by the operator"),
    ("move", "by moving out"),
    ("pause", "by a pause"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0017_left_out_not_agreed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="participation",
            name="answer_source",
            field=models.CharField(blank=True, choices=SOURCES, max_length=8, verbose_name="answered"),
        ),
        migrations.RemoveConstraint(model_name="participation", name="participation_source_known"),
        migrations.AddConstraint(
            model_name="participation",
            constraint=models.CheckConstraint(
                condition=models.Q(("answer_source__in", ("", *(value for value, _label in SOURCES)))),
                name="participation_source_known",
            ),
        ),
    ]
