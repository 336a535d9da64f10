"""An amount that no computation says: asked for by one person with a reason, agreed to by another."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import TriggerConstraint
from events.models import Event
from organizations.access import Role, holder_id_of, role_of
from organizations.models import Distributor
from settlement.models.dispute import Dispute
from settlement.models.ledger import LedgerBatch, Unit
from settlement.models.run import SettlementLine


class AdjustmentState(models.TextChoices):
    """How far an adjustment is."""

    ASKED = "asked", _("waits for a second person")
    APPROVED = "approved", _("posted")
    REFUSED = "refused", _("refused")


class AdjustmentQuerySet(models.QuerySet["Adjustment"]):
    """Adjustments by who may see them."""

    def visible_to(self, user: User) -> "AdjustmentQuerySet":
        """The distributor's for its people; else those posted to oneself or one's organization."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(distributor_id=user.distributor_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(holder_id=holder_id_of(user), state=AdjustmentState.APPROVED)

    def managed_by(self, user: User) -> "AdjustmentQuerySet":
        """What the user may decide."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


_STRANGERS = " OR ".join(
    [
        # Platform operators belong to no distributor.
        *(
            f"EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.{who} "  # noqa: S608  # our own text
            "AND e.tenant_id <> NEW.distributor_id)"
            for who in ("asked_by_id", "decided_by_id")
        ),
        "EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id "
        "AND COALESCE(h.tenant_id, h.id) <> NEW.distributor_id)",
        "EXISTS (SELECT 1 FROM settlement_settlementline l JOIN settlement_settlementrun r ON r.id = l.run_id "
        "JOIN events_event v ON v.id = r.event_id JOIN events_program p ON p.id = v.program_id "
        "WHERE l.id = NEW.line_id AND p.distributor_id <> NEW.distributor_id)",
        "EXISTS (SELECT 1 FROM events_event v JOIN events_program p ON p.id = v.program_id "
        "WHERE v.id = NEW.event_id AND p.distributor_id <> NEW.distributor_id)",
        "EXISTS (SELECT 1 FROM settlement_dispute d WHERE d.id = NEW.dispute_id "
        "AND (d.distributor_id <> NEW.distributor_id OR d.holder_id <> NEW.holder_id))",
        "EXISTS (SELECT 1 FROM settlement_ledgerbatch b "
        "WHERE b.id = NEW.batch_id AND b.distributor_id <> NEW.distributor_id)",
    ]
)
_FIXED = (
    "distributor_id", "holder_id", "line_id", "event_id", "unit", "amount", "asked_by_id", "reason", "dispute_id",
)  # fmt: skip


class Adjustment(models.Model):
    """A signed amount for one holder, and why. Decided once, by another person; then never changed.

    Positive is owed to the holder. Written by `services.adjustments` only; `batch` is its posting.
    """

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="+")
    holder = models.ForeignKey(Entity, models.PROTECT, related_name="adjustments")
    line = models.ForeignKey(SettlementLine, models.PROTECT, null=True, blank=True, related_name="adjustments")
    event = models.ForeignKey(Event, models.PROTECT, null=True, blank=True, related_name="adjustments")
    dispute = models.ForeignKey(Dispute, models.PROTECT, null=True, blank=True, related_name="adjustments")
    unit = models.CharField(max_length=6, choices=Unit, default=Unit.MONEY)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    reason = models.CharField(_("reason"), max_length=300)
    state = models.CharField(max_length=8, choices=AdjustmentState, default=AdjustmentState.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(_("why it was refused"), max_length=300, blank=True)
    batch = models.OneToOneField(LedgerBatch, models.PROTECT, null=True, related_name="adjustment")

    objects = AdjustmentQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AdjustmentState.values), name="adjustment_state_known"),
            models.CheckConstraint(condition=Q(unit__in=Unit.values), name="adjustment_unit_known"),
            models.CheckConstraint(
                condition=~Q(amount=0),
                name="adjustment_not_zero",
                violation_error_message=_("An adjustment has an amount."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="adjustment_has_reason", violation_error_message=_("Say why.")
            ),
            models.CheckConstraint(
                condition=Q(state=AdjustmentState.ASKED, decided_by__isnull=True)
                | (~Q(state=AdjustmentState.ASKED) & Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="adjustment_two_people",
                violation_error_message=_("Somebody else than who asked decides on an adjustment."),
            ),
            models.CheckConstraint(
                condition=Q(state=AdjustmentState.APPROVED, batch__isnull=False)
                | (~Q(state=AdjustmentState.APPROVED) & Q(batch__isnull=True)),
                name="adjustment_posted_when_approved",
            ),
            TriggerConstraint(
                name="adjustment_same_distributor",
                refuse=_STRANGERS,
                violation_error_message=_("The adjustment names something of another distributor."),
            ),
            TriggerConstraint(
                name="adjustment_decided_once",
                on=("UPDATE",),
                refuse=" OR ".join(
                    [
                        "OLD.state <> 'asked'",
                        *(f"COALESCE(NEW.{name}, 0) <> COALESCE(OLD.{name}, 0)" for name in _FIXED),
                    ]
                ),
                violation_error_message=_("An adjustment is decided once, and is what was asked for."),
            ),
            TriggerConstraint(
                name="adjustment_kept",
                on=("DELETE",),
                refuse="1 = 1",
                violation_error_message=_("An adjustment is never deleted."),
            ),
        ]

    def __str__(self) -> str:
        return f"adjustment {self.pk}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.distributor_id, None
