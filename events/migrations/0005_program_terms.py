"""What a version of terms says."""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import common.constraints.foreign_keys


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0004_drop_triggers"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="programversion",
            name="program_version_prices_not_negative",
        ),
        migrations.AddField(
            model_name="program",
            name="is_exclusive",
            field=models.BooleanField(
                default=False,
                help_text="A meter takes part in one exclusive program at a time. Fixed once a meter is enrolled.",
                verbose_name="the only one of its kind for a meter",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="created_by",
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
            model_name="programversion",
            name="published_by",
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
            model_name="programversion",
            name="bonus_amount",
            field=models.DecimalField(
                decimal_places=4,
                default=0,
                max_digits=12,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="bonus",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="bonus_factor",
            field=models.DecimalField(
                blank=True,
                decimal_places=3,
                max_digits=6,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="factor for the bonus",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="budget",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                max_digits=14,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="budget of the season",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="business_days_only",
            field=models.BooleanField(default=False, verbose_name="business days only"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="cap_per_event",
            field=models.DecimalField(
                blank=True,
                decimal_places=4,
                default=None,
                max_digits=12,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="most per meter and event",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="cap_per_season",
            field=models.DecimalField(
                blank=True,
                decimal_places=4,
                default=None,
                max_digits=12,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="most per meter and season",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="capacity_per_kw_month",
            field=models.DecimalField(
                decimal_places=4,
                default=0,
                max_digits=12,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="standing by, per kW and month",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="control_share",
            field=models.DecimalField(
                decimal_places=3,
                default=0,
                max_digits=4,
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(Decimal("0.5")),
                ],
                verbose_name="share of homes held out at random",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="data_deadline_days",
            field=models.PositiveIntegerField(default=30, verbose_name="days until missing readings are given up"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="dispute_days",
            field=models.PositiveIntegerField(default=30, verbose_name="days to object after the final figure"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="published_at",
            field=models.DateTimeField(
                blank=True, default=django.utils.timezone.now, null=True, verbose_name="published"
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="flat_per_event",
            field=models.DecimalField(
                decimal_places=4,
                default=0,
                max_digits=12,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="flat amount per event",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="floor",
            field=models.CharField(
                choices=[("EVENT", "over the whole event"), ("INTERVAL", "in every interval")],
                default="EVENT",
                max_length=8,
                verbose_name="losses count",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="hours_from",
            field=models.TimeField(blank=True, null=True, verbose_name="events from"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="hours_to",
            field=models.TimeField(blank=True, null=True, verbose_name="events until"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="max_consecutive_days",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="most event days in a row"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="max_events",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="most events in the season"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="max_events_per_week",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="most events in a week"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="max_hours",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="most hours in the season"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="max_minutes",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="longest event, minutes"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="min_minutes",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="shortest event, minutes"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="nomination_deadline_minutes",
            field=models.PositiveIntegerField(
                default=0, verbose_name="nominations change until, minutes before the start"
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="notice_minutes",
            field=models.PositiveIntegerField(default=0, verbose_name="notice, minutes before the start"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="opt_out_minutes",
            field=models.PositiveIntegerField(default=0, verbose_name="answers change until, minutes before the start"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="opt_policy",
            field=models.CharField(
                choices=[
                    ("opt_out", "everybody enrolled takes part unless they skip"),
                    ("opt_in", "only who joins takes part"),
                ],
                default="opt_out",
                max_length=8,
                verbose_name="silence means",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="pay_cap",
            field=models.CharField(
                choices=[
                    ("UP_TO_NOMINATION", "up to what was nominated"),
                    ("UP_TO_SITE_LOAD", "up to one’s own usual use"),
                    ("EXPORTS_ALLOWED", "power fed to the grid counts as well"),
                ],
                default="UP_TO_NOMINATION",
                max_length=18,
                verbose_name="pays",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="penalty_per_kw",
            field=models.DecimalField(
                decimal_places=4,
                default=0,
                max_digits=12,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="penalty per kW not delivered",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="points_per_kwh",
            field=models.PositiveIntegerField(default=0, verbose_name="points per kWh"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="rate_per_kwh",
            field=models.DecimalField(
                decimal_places=4,
                default=0,
                max_digits=12,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="price per kWh",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="rule",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="programversion",
            name="season_end",
            field=models.DateField(blank=True, null=True, verbose_name="season to, included"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="season_start",
            field=models.DateField(blank=True, null=True, verbose_name="season from"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="second_person_kw",
            field=models.DecimalField(
                blank=True,
                decimal_places=3,
                max_digits=12,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="a second person agrees above, kW",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="programversion",
            name="terms_text",
            field=models.TextField(blank=True, verbose_name="terms in plain words"),
        ),
        migrations.AddField(
            model_name="programversion",
            name="threshold_amount",
            field=models.DecimalField(
                decimal_places=4,
                default=0,
                max_digits=12,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="amount at the threshold",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="threshold_kwh",
            field=models.DecimalField(
                blank=True,
                decimal_places=3,
                max_digits=12,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="threshold, kWh",
            ),
        ),
        migrations.AddField(
            model_name="programversion",
            name="draft_of",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(models.When(published_at__isnull=True, then=models.F("program"))),
                output_field=models.BigIntegerField(null=True),
            ),
        ),
        migrations.AddConstraint(
            model_name="program",
            constraint=models.UniqueConstraint(fields=("id", "is_exclusive"), name="program_id_exclusive"),
        ),
        migrations.AddConstraint(
            model_name="programversion",
            constraint=common.constraints.foreign_keys.UniqueColumns(
                fields=("draft_of",),
                name="program_version_one_draft",
                violation_error_message="The program has a draft already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="programversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("bonus_amount__gte", 0),
                    ("capacity_per_kw_month__gte", 0),
                    ("flat_per_event__gte", 0),
                    ("penalty_per_kw__gte", 0),
                    ("rate_per_kw__gte", 0),
                    ("rate_per_kwh__gte", 0),
                    ("threshold_amount__gte", 0),
                    ("wholesale_cost_per_kw__gte", 0),
                ),
                name="program_version_prices_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="programversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("control_share__gte", 0), ("control_share__lte", Decimal("0.5"))),
                name="program_version_control_share",
                violation_error_message="At most half of the homes can be held out.",
            ),
        ),
        migrations.AddConstraint(
            model_name="programversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("season_end__isnull", True), ("season_start__isnull", True)),
                    ("season_end__gte", models.F("season_start")),
                    _connector="OR",
                ),
                name="program_version_season_in_order",
                violation_error_message="A season has a first and a last day, in this order.",
            ),
        ),
        migrations.AddConstraint(
            model_name="programversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("hours_from__isnull", True), ("hours_to__isnull", True)),
                    ("hours_to__gt", models.F("hours_from")),
                    _connector="OR",
                ),
                name="program_version_hours_in_order",
                violation_error_message="The hours of events have a begin and an end, in this order.",
            ),
        ),
    ]
