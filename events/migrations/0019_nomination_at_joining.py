"""A nomination says whether it was given at joining, so that an earlier stint's figures count no more from then on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0018_answer_by_pause"),
    ]

    operations = [
        migrations.AddField(
            model_name="nomination",
            name="is_first",
            field=models.BooleanField(default=False, editable=False, verbose_name="given at joining"),
        ),
    ]
