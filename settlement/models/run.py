"""One computation of an event's rewards, and what it found for each meter."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import AppendOnly, TriggerConstraint
from events.models import Event
from meters.models import Meter
from organizations.access import Role, holder_id_of, role_of


class RunKind(models.TextChoices):
    """How binding a run is."""

    TRIAL = "trial", _("trial of another rule")
    PRELIMINARY = "preliminary", _("estimate")
    FINAL = "final", _("final")


class LineKind(models.TextChoices):
    """What a line pays for."""

    ENERGY = "energy", _("energy")
    CAPACITY = "capacity", _("capacity")
    THRESHOLD = "threshold", _("threshold")
    BONUS = "bonus", _("bonus")
    FLAT = "flat", _("flat")
    PENALTY = "penalty", _("penalty")
    ADJUSTMENT = "adjustment", _("adjustment")
    REVERSAL = "reversal", _("reversal")


class LineStatus(models.TextChoices):
    """Whether the line could be measured."""

    OK = "ok", _("measured")
    INSUFFICIENT_HISTORY = "insufficient_history", _("too few comparable days")
    DATA_PENDING = "data_pending", _("readings missing")
    UNMEASURED = "unmeasured", _("not measured")
    NO_NOMINATION = "no_nomination", _("nothing nominated")


class RunQuerySet(models.QuerySet["SettlementRun"]):
    """Runs by who may see them."""

    def visible_to(self, user: User) -> "RunQuerySet":
        """The distributor's for its people: a run holds everybody's amounts."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        mine = self.filter(event__program__distributor_id=user.distributor_id)
        return mine if role.is_staff else self.none()

    def sealed(self) -> "RunQuerySet":
        """Those that are whole."""
        return self.filter(sealed_at__isnull=False)


class SettlementRun(models.Model):
    """One version of an event's settlement under one baseline rule; never changed once it is sealed.

    Until then its lines are being written, part by part, and nothing counts. The same inputs are the same run:
    `inputs_sha256` is over everything that went in (readings, days, nominations, rule, prices), in canonical form.
    An estimate says up to when readings were in (`data_through`). `common` is what its lines share: kept once.
    """

    event = models.ForeignKey(Event, models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=RunKind, default=RunKind.FINAL)
    preset = models.CharField(max_length=40)
    rule_sha256 = models.CharField(max_length=64)
    # Without a hash while it is being written.
    inputs_sha256 = models.CharField(max_length=64, null=True)
    data_through = models.DateTimeField(_("readings up to"), null=True, blank=True)
    common = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sealed_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["event", "number"]
        constraints = [
            models.UniqueConstraint(fields=["event", "number"], name="settlement_run_number"),
            models.UniqueConstraint(fields=["event", "inputs_sha256"], name="settlement_run_same_inputs_once"),
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="settlement_run_kind_known"),
            TriggerConstraint(
                name="settlement_run_made_within_distributor",
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity e JOIN events_event v ON v.id = NEW.event_id "
                    "JOIN events_program p ON p.id = v.program_id "
                    "WHERE e.id = NEW.created_by_id AND e.tenant_id <> p.distributor_id)"
                ),
                violation_error_message=_("Who settles an event belongs to its distributor."),
            ),
            models.CheckConstraint(
                condition=Q(sealed_at__isnull=True) | Q(inputs_sha256__isnull=False),
                name="settlement_run_sealed_with_hash",
            ),
            TriggerConstraint(
                name="settlement_run_event_fixed",
                on=("UPDATE",),
                refuse="NEW.event_id <> OLD.event_id",
                violation_error_message=_("A run stays with its event."),
            ),
            TriggerConstraint(
                name="settlement_run_append_only",
                on=("UPDATE", "DELETE"),
                refuse="OLD.sealed_at IS NOT NULL",
                violation_error_message=_("A run is never changed."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} run {self.number}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.event.program.distributor_id, None


class LineQuerySet(models.QuerySet["SettlementLine"]):
    """Lines by who may see them."""

    def visible_to(self, user: User) -> "LineQuerySet":
        """The distributor's for its people; else those of whole runs whose holder is oneself or one's organization.

        Trials stay with the distributor: they are amounts under a rule that nobody promised.
        """
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(run__event__program__distributor_id=user.distributor_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(~Q(run__kind=RunKind.TRIAL), holder_id=holder_id_of(user), run__sealed_at__isnull=False)


_RUNS = (
    "(SELECT p.distributor_id FROM settlement_settlementrun r JOIN events_event v ON v.id = r.event_id "
    "JOIN events_program p ON p.id = v.program_id WHERE r.id = NEW.run_id)"
)


class SettlementLine(models.Model):
    """What one meter delivered in the event and what it earns; never changed.

    Energies are exact fractions of Wh over the whole event, as text `"n/d"` (NULL where not measured).
    `performance_factor` is mean delivered kW ÷ nominated kW, exact as well. `trace` opens the amount: slots
    (baseline, actual), every visited day with its verdict, adjustment and flags, in canonical form.
    """

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="lines")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="settlement_lines")
    holder = models.ForeignKey(Entity, models.PROTECT, null=True, related_name="settlement_lines")
    kind = models.CharField(max_length=12, choices=LineKind, default=LineKind.CAPACITY)
    status = models.CharField(max_length=24, choices=LineStatus)
    baseline_wh = models.CharField(max_length=64, null=True)
    event_wh = models.BigIntegerField(null=True)
    performance_wh = models.CharField(max_length=64, null=True)
    # The same, rounded half up to whole Wh, for sums and ranks; nothing is paid by it.
    delivered_wh = models.BigIntegerField(default=0)
    nomination_kw = models.DecimalField(max_digits=10, decimal_places=3, null=True)
    performance_factor = models.CharField(max_length=64, null=True)
    credit = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    demand_savings = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    points = models.PositiveIntegerField(default=0)
    # The hash of all that went into this line; the run's is over these.
    inputs_sha256 = models.CharField(max_length=64, blank=True)
    trace = models.JSONField(default=dict)

    objects = LineQuerySet.as_manager()

    class Meta:
        ordering = ["run", "meter__number", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["run", "meter", "kind"], name="settlement_line_once"),
            models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="settlement_line_kind_known"),
            models.CheckConstraint(condition=Q(status__in=LineStatus.values), name="settlement_line_status_known"),
            # Penalties and corrections may be negative; a reward never is.
            models.CheckConstraint(
                condition=Q(kind__in=("penalty", "adjustment", "reversal")) | Q(credit__gte=0),
                name="settlement_line_credit_not_negative",
            ),
            models.CheckConstraint(condition=Q(delivered_wh__gte=0), name="settlement_line_delivered_not_negative"),
            TriggerConstraint(
                name="settlement_line_same_distributor",
                on=("INSERT",),
                refuse=(
                    "EXISTS (SELECT 1 FROM meters_meter m "  # noqa: S608  # our own text
                    f"WHERE m.id = NEW.meter_id AND m.distributor_id <> {_RUNS}) "
                    "OR EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id "
                    f"AND COALESCE(h.tenant_id, h.id) <> {_RUNS})"
                ),
                violation_error_message=_("Event, meter and holder belong to different distributors."),
            ),
            TriggerConstraint(
                name="settlement_line_run_open",
                on=("INSERT",),
                refuse="(SELECT r.sealed_at FROM settlement_settlementrun r WHERE r.id = NEW.run_id) IS NOT NULL",
                violation_error_message=_("The run is sealed; nothing is added to it."),
            ),
            AppendOnly(name="settlement_line_unchanged", on=("UPDATE",)),
            TriggerConstraint(
                name="settlement_line_append_only",
                on=("DELETE",),
                refuse="(SELECT r.sealed_at FROM settlement_settlementrun r WHERE r.id = OLD.run_id) IS NOT NULL",
                violation_error_message=_("A line is never deleted."),
            ),
        ]
