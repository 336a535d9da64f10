"""Pay for standing by, month by month."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import AppendOnly, TriggerConstraint
from events.models import Program
from meters.models import Meter
from organizations.access import Role, holder_id_of, role_of
from settlement.models.ledger import LedgerBatch


class MonthRunQuerySet(models.QuerySet["MonthRun"]):
    """Months by who may see them."""

    def visible_to(self, user: User) -> "MonthRunQuerySet":
        """The distributor's, for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        mine = self.filter(program__distributor_id=user.distributor_id)
        return mine if role.is_staff else self.none()


_RUN_FIXED = ("program_id", "month", "number", "inputs_sha256", "created_at")
_LAST_WORD = "(SELECT d.kind FROM settlement_monthdecision d WHERE d.run_id = OLD.id ORDER BY d.id DESC LIMIT 1)"


class MonthRun(models.Model):
    """One version of a month's pay for standing by in a program; changed once, by its posting after an approval.

    `month` is the month's first local day. What says the same is the same run; a later one posts the differences.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="month_runs")
    month = models.DateField(_("month"))
    number = models.PositiveIntegerField()
    inputs_sha256 = models.CharField(max_length=64)
    batch = models.OneToOneField(LedgerBatch, models.PROTECT, null=True, related_name="month_run")
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )

    objects = MonthRunQuerySet.as_manager()

    class Meta:
        ordering = ["program", "month", "number"]
        constraints = [
            models.UniqueConstraint(fields=["program", "month", "number"], name="month_run_number"),
            TriggerConstraint(
                name="month_run_same_distributor",
                refuse=(
                    "(SELECT p.distributor_id FROM events_program p WHERE p.id = NEW.program_id) <> "
                    "(SELECT b.distributor_id FROM settlement_ledgerbatch b WHERE b.id = NEW.batch_id) "
                    "OR EXISTS (SELECT 1 FROM accounts_entity e JOIN events_program p ON p.id = NEW.program_id "
                    "WHERE e.id = NEW.created_by_id AND e.tenant_id <> p.distributor_id)"
                ),
                violation_error_message=_("Program, posting and author belong to different distributors."),
            ),
            TriggerConstraint(
                name="month_run_append_only",
                on=("UPDATE",),
                refuse=" OR ".join(
                    [
                        "OLD.batch_id IS NOT NULL",
                        "NEW.batch_id IS NULL",
                        *(f"NEW.{name} <> OLD.{name}" for name in _RUN_FIXED),
                        "COALESCE(NEW.created_by_id, 0) <> COALESCE(OLD.created_by_id, 0)",
                    ]
                ),
                violation_error_message=_("A month is never changed; it is posted once."),
            ),
            TriggerConstraint(
                name="month_run_posted_approved",
                on=("UPDATE",),
                refuse=f"NEW.batch_id IS NOT NULL AND COALESCE({_LAST_WORD}, '') <> 'approved'",
                violation_error_message=_("A month is posted once somebody has approved it."),
            ),
            TriggerConstraint(
                name="month_run_kept",
                on=("DELETE",),
                refuse="1 = 1",
                violation_error_message=_("A month is never deleted."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.month:%Y-%m} run {self.number}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.program.distributor_id, None


class MonthWord(models.TextChoices):
    """What was decided on a month."""

    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")


class MonthDecisionQuerySet(models.QuerySet["MonthDecision"]):
    """Decisions by who may see them."""

    def visible_to(self, user: User) -> "MonthDecisionQuerySet":
        """The distributor's for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(run__program__distributor_id=user.distributor_id) if role.is_staff else self.none()


class MonthDecision(models.Model):
    """One person's word on a month; the newest counts. Never changed; written by `services.month_posting` only.

    Who had a month worked out does not approve it.
    """

    run = models.ForeignKey(MonthRun, models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=8, choices=MonthWord)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    decided_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = MonthDecisionQuerySet.as_manager()

    class Meta:
        ordering = ["run", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=MonthWord.values), name="month_decision_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=MonthWord.APPROVED) | ~Q(reason=""),
                name="month_decision_has_reason",
                violation_error_message=_("Say why."),
            ),
            TriggerConstraint(
                name="month_decision_by_another",
                on=("INSERT",),
                refuse=(
                    "NEW.kind = 'approved' AND EXISTS (SELECT 1 FROM settlement_monthrun r "
                    "WHERE r.id = NEW.run_id AND r.created_by_id = NEW.decided_by_id)"
                ),
                violation_error_message=_("Somebody else than who had it worked out approves a month."),
            ),
            TriggerConstraint(
                name="month_decision_within_distributor",
                on=("INSERT",),
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity e JOIN settlement_monthrun r ON r.id = NEW.run_id "
                    "JOIN events_program p ON p.id = r.program_id "
                    "WHERE e.id = NEW.decided_by_id AND e.tenant_id <> p.distributor_id)"
                ),
                violation_error_message=_("Who decides on a month belongs to its distributor."),
            ),
            AppendOnly(name="month_decision_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.kind}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.run.program.distributor_id, None


class MonthLineQuerySet(models.QuerySet["MonthLine"]):
    """Lines by who may see them."""

    def visible_to(self, user: User) -> "MonthLineQuerySet":
        """The distributor's for its people; else those of oneself or one's organization, once they are posted."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(run__program__distributor_id=user.distributor_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(holder_id=holder_id_of(user), run__batch__isnull=False)


_OF_PROGRAM = (
    "(SELECT p.distributor_id FROM settlement_monthrun r JOIN events_program p ON p.id = r.program_id "
    "WHERE r.id = NEW.run_id)"
)


class MonthLine(models.Model):
    """What one meter earned its holder in a month for standing by; never changed.

    `factor` is the share of the nomination that was delivered over the month's events, an exact fraction; 1 where none
    counted. `trace` has the share of the month that it is for, each event with its hours, kW and price, and when the
    meter stood by for the holder, with promise and price.
    """

    run = models.ForeignKey(MonthRun, models.PROTECT, related_name="lines")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="month_lines")
    holder = models.ForeignKey(Entity, models.PROTECT, null=True, related_name="month_lines")
    factor = models.CharField(max_length=64)
    credit = models.DecimalField(max_digits=14, decimal_places=2)
    trace = models.JSONField(default=dict)

    objects = MonthLineQuerySet.as_manager()

    class Meta:
        ordering = ["run", "meter__number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "meter", "holder"], name="month_line_once"),
            models.CheckConstraint(condition=Q(credit__gte=0), name="month_line_credit_not_negative"),
            TriggerConstraint(
                name="month_line_same_distributor",
                on=("INSERT",),
                refuse=(
                    "EXISTS (SELECT 1 FROM meters_meter m "  # noqa: S608  # our own text
                    f"WHERE m.id = NEW.meter_id AND m.distributor_id <> {_OF_PROGRAM}) "
                    "OR EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id "
                    f"AND COALESCE(h.tenant_id, h.id) <> {_OF_PROGRAM})"
                ),
                violation_error_message=_("Program, meter and holder belong to different distributors."),
            ),
            AppendOnly(name="month_line_append_only"),
        ]
