"""Points beside money, and postings other than of events."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0004_run_sealed"),
    ]

    operations = [
        migrations.AddField(
            model_name="ledgerbatch",
            name="kind",
            field=models.CharField(
                choices=[
                    ("run", "settlement of an event"),
                    ("month", "standing by for a month"),
                    ("adjustment", "adjustment"),
                    ("reversal", "reversal"),
                ],
                default="run",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="ledgerbatch",
            name="posted_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="ledgerbatch",
            name="reason",
            field=models.CharField(blank=True, max_length=300, verbose_name="reason"),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="unit",
            field=models.CharField(choices=[("money", "money"), ("points", "points")], default="money", max_length=6),
        ),
        migrations.AddConstraint(
            model_name="ledgerbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["run", "month", "adjustment", "reversal"])),
                name="ledger_batch_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("unit__in", ["money", "points"])), name="ledger_entry_unit_known"
            ),
        ),
    ]
