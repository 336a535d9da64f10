"""The terms of a program, frozen by publishing them."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint, UniqueColumns
from events.models.program import Program
from organizations.access import Role, role_of


class PayFloor(models.TextChoices):
    """Where a negative saving stops counting."""

    EVENT = "EVENT", _("over the whole event")
    INTERVAL = "INTERVAL", _("in every interval")


class PayCap(models.TextChoices):
    """How much delivered load may be paid."""

    UP_TO_NOMINATION = "UP_TO_NOMINATION", _("up to what was nominated")
    UP_TO_SITE_LOAD = "UP_TO_SITE_LOAD", _("up to one’s own usual use")
    EXPORTS_ALLOWED = "EXPORTS_ALLOWED", _("power fed to the grid counts as well")


class OptPolicy(models.TextChoices):
    """What silence means."""

    OPT_OUT = "opt_out", _("everybody enrolled takes part unless they skip")
    OPT_IN = "opt_in", _("only who joins takes part")


class VersionQuerySet(models.QuerySet["ProgramVersion"]):
    """Versions by who may see them."""

    def visible_to(self, user: User) -> "VersionQuerySet":
        """Published ones for everyone of the distributor, drafts for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        mine = self.filter(program__distributor_id=user.distributor_id)
        return mine if role.is_staff else mine.published()

    def published(self) -> "VersionQuerySet":
        """Those that are in force or were."""
        return self.filter(published_at__isnull=False)


def _price(label: Any, **fields: Any) -> "models.DecimalField[Decimal, Decimal]":
    values: dict[str, Any] = {
        "max_digits": 12,
        "decimal_places": 4,
        "default": 0,
        "validators": [MinValueValidator(0)],
    }
    return models.DecimalField(label, **(values | fields))


def _limit(label: Any, **fields: Any) -> "models.PositiveIntegerField[int | None, int | None]":
    return models.PositiveIntegerField(label, null=True, blank=True, **fields)


class ProgramVersion(models.Model):
    """Rule, prices and limits of a program from one moment on. A draft until it is published, then never changed.

    Money is in the distributor's currency. `rate_per_kw` pays each kW delivered on average over an event,
    `rate_per_kwh` each kWh saved; `capacity_per_kw_month` pays the nomination for standing by, in a month with
    events the share of it that came. Threshold and bonus
    are amounts per event: once `threshold_kwh` is saved, once the performance factor reaches `bonus_factor`.
    `penalty_per_kw` is for organizations: each kW nominated and not delivered. `wholesale_cost_per_kw` is what the
    distributor saves. `rule` is the baseline rule itself (`baselines.rule_data`), `rule_sha256` its hash, `sha256`
    that of everything the version says. `holidays` are local dates (ISO texts) besides those of `holiday_calendar`.
    Limits that are empty do not limit; hours are local clock times.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField(_("published"), null=True, blank=True, default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    sha256 = models.CharField(max_length=64, blank=True)
    terms_text = models.TextField(_("terms in plain words"), blank=True)

    preset = models.CharField(_("baseline rule"), max_length=40)
    rule = models.JSONField(default=dict, blank=True)
    rule_sha256 = models.CharField(max_length=64)

    rate_per_kw = models.DecimalField(
        _("price per kW"), max_digits=12, decimal_places=4, validators=[MinValueValidator(0)]
    )
    rate_per_kwh = _price(_("price per kWh"))
    flat_per_event = _price(_("flat amount per event"))
    threshold_kwh = models.DecimalField(
        _("threshold, kWh"), max_digits=12, decimal_places=3, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    threshold_amount = _price(_("amount at the threshold"))
    bonus_factor = models.DecimalField(
        _("factor for the bonus"), max_digits=6, decimal_places=3, null=True, blank=True,
        validators=[MinValueValidator(0)],
    )  # fmt: skip
    bonus_amount = _price(_("bonus"))
    penalty_per_kw = _price(_("penalty per kW not delivered"))
    capacity_per_kw_month = _price(_("standing by, per kW and month"))
    points_per_kwh = models.PositiveIntegerField(_("points per kWh"), default=0)
    wholesale_cost_per_kw = _price(_("wholesale cost per kW"))
    floor = models.CharField(_("losses count"), max_length=8, choices=PayFloor, default=PayFloor.EVENT)
    pay_cap = models.CharField(_("pays"), max_length=18, choices=PayCap, default=PayCap.UP_TO_NOMINATION)
    cap_per_event = _price(_("most per meter and event"), null=True, blank=True, default=None)
    cap_per_season = _price(_("most per meter and season"), null=True, blank=True, default=None)
    budget = models.DecimalField(
        _("budget of the season"), max_digits=14, decimal_places=2, null=True, blank=True,
        validators=[MinValueValidator(0)],
    )  # fmt: skip

    season_start = models.DateField(_("season from"), null=True, blank=True)
    season_end = models.DateField(_("season to, included"), null=True, blank=True)
    max_events = _limit(_("most events in the season"))
    max_events_per_week = _limit(_("most events in a week"))
    max_hours = _limit(_("most hours in the season"))
    max_consecutive_days = _limit(_("most event days in a row"))
    min_minutes = _limit(_("shortest event, minutes"))
    max_minutes = _limit(_("longest event, minutes"))
    hours_from = models.TimeField(_("events from"), null=True, blank=True)
    hours_to = models.TimeField(_("events until"), null=True, blank=True)
    business_days_only = models.BooleanField(_("business days only"), default=False)
    notice_minutes = models.PositiveIntegerField(_("notice, minutes before the start"), default=0)

    opt_policy = models.CharField(_("silence means"), max_length=8, choices=OptPolicy, default=OptPolicy.OPT_OUT)
    opt_out_minutes = models.PositiveIntegerField(_("answers change until, minutes before the start"), default=0)
    nomination_deadline_minutes = models.PositiveIntegerField(
        _("nominations change until, minutes before the start"), default=0
    )
    data_deadline_days = models.PositiveIntegerField(_("days until missing readings are given up"), default=30)
    dispute_days = models.PositiveIntegerField(_("days to object after the final figure"), default=30)
    second_person_kw = models.DecimalField(
        _("a second person agrees above, kW"), max_digits=12, decimal_places=3, null=True, blank=True,
        validators=[MinValueValidator(0)],
    )  # fmt: skip
    control_share = models.DecimalField(
        _("share of homes held out at random"), max_digits=4, decimal_places=3, default=0,
        validators=[MinValueValidator(0), MaxValueValidator(Decimal("0.5"))],
    )  # fmt: skip

    holiday_calendar = models.CharField(_("holidays of"), max_length=10, blank=True)
    holidays = models.JSONField(_("further holidays"), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    draft_of = models.GeneratedField(
        expression=Case(When(published_at__isnull=True, then=F("program"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["program", "number"]
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="program_version_once"),
            models.UniqueConstraint(fields=["id", "program"], name="program_version_id_program"),
            UniqueColumns(
                fields=["draft_of"],
                name="program_version_one_draft",
                violation_error_message=_("The program has a draft already."),
            ),
            models.CheckConstraint(
                condition=Q(
                    rate_per_kw__gte=0,
                    rate_per_kwh__gte=0,
                    flat_per_event__gte=0,
                    threshold_amount__gte=0,
                    bonus_amount__gte=0,
                    penalty_per_kw__gte=0,
                    capacity_per_kw_month__gte=0,
                    wholesale_cost_per_kw__gte=0,
                ),
                name="program_version_prices_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(control_share__gte=0, control_share__lte=Decimal("0.5")),
                name="program_version_control_share",
                violation_error_message=_("At most half of the homes can be held out."),
            ),
            models.CheckConstraint(
                condition=Q(season_start__isnull=True, season_end__isnull=True) | Q(season_end__gte=F("season_start")),
                name="program_version_season_in_order",
                violation_error_message=_("A season has a first and a last day, in this order."),
            ),
            models.CheckConstraint(
                condition=Q(hours_from__isnull=True, hours_to__isnull=True) | Q(hours_to__gt=F("hours_from")),
                name="program_version_hours_in_order",
                violation_error_message=_("The hours of events have a begin and an end, in this order."),
            ),
            TriggerConstraint(
                name="program_version_frozen",
                on=("UPDATE", "DELETE"),
                refuse="OLD.published_at IS NOT NULL",
                violation_error_message=_("Published terms are never changed; publish a new version."),
            ),
        ]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.program.distributor_id, None

    def __str__(self) -> str:
        return f"{self.program} v{self.number}"
