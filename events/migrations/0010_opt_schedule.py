"""Standing wishes."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0009_left_out"),
    ]

    operations = [
        migrations.CreateModel(
            name="OptSchedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("weekdays", models.CharField(default="0123456", max_length=7, verbose_name="weekdays")),
                ("hours_from", models.TimeField(blank=True, null=True, verbose_name="from")),
                ("hours_to", models.TimeField(blank=True, null=True, verbose_name="until")),
                ("first_day", models.DateField(blank=True, null=True, verbose_name="from")),
                ("last_day", models.DateField(blank=True, null=True, verbose_name="to, included")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="taken back")),
            ],
            options={
                "ordering": ["meter", "id"],
            },
        ),
        migrations.AddField(
            model_name="optschedule",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="optschedule",
            name="holder",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="opt_schedules", to="accounts.entity"
            ),
        ),
        migrations.AddField(
            model_name="optschedule",
            name="meter",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="opt_schedules", to="meters.meter"
            ),
        ),
        migrations.AddField(
            model_name="optschedule",
            name="program",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="opt_schedules",
                to="events.program",
            ),
        ),
        migrations.AddConstraint(
            model_name="optschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_day__isnull", True),
                    ("last_day__isnull", True),
                    ("last_day__gte", models.F("first_day")),
                    _connector="OR",
                ),
                name="opt_schedule_days_in_order",
                violation_error_message="The last day must not be before the first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="optschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("hours_from__isnull", True), ("hours_to__isnull", True)),
                    ("hours_to__gt", models.F("hours_from")),
                    _connector="OR",
                ),
                name="opt_schedule_hours_in_order",
                violation_error_message="The end must be after the start.",
            ),
        ),
    ]
