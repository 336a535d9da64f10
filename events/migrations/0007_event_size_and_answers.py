"""What an event may cost, who agreed, and who answered how."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0006_enrollment_workflow"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="participation",
            name="participation_state_known",
        ),
        migrations.AddField(
            model_name="event",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="participation",
            name="answered_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="approved_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="agreed"),
        ),
        migrations.AddField(
            model_name="event",
            name="cancel_reason",
            field=models.CharField(blank=True, editable=False, max_length=300, verbose_name="why it was called off"),
        ),
        migrations.AddField(
            model_name="event",
            name="draw_seed",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="event",
            name="expected_kw",
            field=models.DecimalField(blank=True, decimal_places=3, editable=False, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="is_test",
            field=models.BooleanField(default=False, verbose_name="only a test"),
        ),
        migrations.AddField(
            model_name="event",
            name="needs_second",
            field=models.BooleanField(default=False, editable=False, verbose_name="a second person must agree"),
        ),
        migrations.AddField(
            model_name="event",
            name="note",
            field=models.TextField(blank=True, verbose_name="words for those who are asked"),
        ),
        migrations.AddField(
            model_name="event",
            name="opt_until",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="answers change until"),
        ),
        migrations.AddField(
            model_name="event",
            name="reserved",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                editable=False,
                max_digits=14,
                null=True,
                verbose_name="reserved of the budget",
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="target_kw",
            field=models.DecimalField(
                blank=True, decimal_places=3, max_digits=12, null=True, verbose_name="target, kW"
            ),
        ),
        migrations.AddField(
            model_name="participation",
            name="answer_source",
            field=models.CharField(
                blank=True,
                choices=[
                    ("page", "on the page"),
                    ("link", "by the link of a notice"),
                    ("schedule", "by a standing wish"),
                    ("device", "by a device"),
                    ("api", "by the API"),
                    ("operator", "by the operator"),
                    ("move", "by moving out"),
                ],
                max_length=8,
                verbose_name="answered",
            ),
        ),
        migrations.AddField(
            model_name="participation",
            name="answered_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="answered"),
        ),
        migrations.AlterField(
            model_name="participation",
            name="state",
            field=models.CharField(
                choices=[
                    ("invited", "invited"),
                    ("notified", "told"),
                    ("opted_in", "joined"),
                    ("opted_out", "skipped"),
                    ("no_response", "no answer"),
                    ("held_out", "held out for comparison"),
                    ("measured", "measured"),
                    ("unmeasured", "not measured"),
                    ("settled", "settled"),
                    ("disputed", "in dispute"),
                    ("resolved", "resolved"),
                ],
                default="invited",
                max_length=12,
                verbose_name="state",
            ),
        ),
        migrations.AddConstraint(
            model_name="participation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "invited",
                            "notified",
                            "opted_in",
                            "opted_out",
                            "no_response",
                            "held_out",
                            "measured",
                            "unmeasured",
                            "settled",
                            "disputed",
                            "resolved",
                        ],
                    )
                ),
                name="participation_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="participation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("answer_source__in", ("", "page", "link", "schedule", "device", "api", "operator", "move"))
                ),
                name="participation_source_known",
            ),
        ),
    ]
