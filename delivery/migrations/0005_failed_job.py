"""Jobs that failed, for those who run the portal."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0003_notices_and_choices")]

    operations = [
        migrations.CreateModel(
            name="FailedJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("task", models.CharField(max_length=200, verbose_name="job")),
                ("given", models.TextField(blank=True, verbose_name="given")),
                ("error", models.TextField(verbose_name="error")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="seen")),
            ],
            options={
                "verbose_name": "failed job",
                "verbose_name_plural": "failed jobs",
                "indexes": [models.Index(fields=["seen_at", "at"], name="failed_job_unseen")],
            },
        ),
    ]
