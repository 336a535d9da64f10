"""What people said of a run: approved, refused, or opened again."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import AppendOnly, TriggerConstraint
from organizations.access import Role, role_of
from settlement.models.run import SettlementRun


class DecisionKind(models.TextChoices):
    """What was decided."""

    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")
    REOPENED = "reopened", _("opened again")
    CLOSED = "closed", _("left as it is")


# A run that is not posted, and of which this was said last, is not to be posted.
STOPPED = (DecisionKind.REFUSED, DecisionKind.CLOSED)


class DecisionQuerySet(models.QuerySet["RunDecision"]):
    """Decisions by who may see them."""

    def visible_to(self, user: User) -> "DecisionQuerySet":
        """The distributor's for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(run__event__program__distributor_id=user.distributor_id) if role.is_staff else self.none()


class RunDecision(models.Model):
    """One person's word on a sealed run; the newest counts. Never changed; written by `services.decisions` only.

    Who had a run made does not approve it. Opening a posted run again changes no amount: it says why a new run
    is made, whose posting then is the difference. Leaving it as it is ends an opening that changed nothing, or a
    refusal: nothing more is posted.
    """

    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=8, choices=DecisionKind)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    decided_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["run", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DecisionKind.values), name="run_decision_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=DecisionKind.APPROVED) | ~Q(reason=""),
                name="run_decision_has_reason",
                violation_error_message=_("Say why."),
            ),
            TriggerConstraint(
                name="run_decision_by_another",
                on=("INSERT",),
                refuse=(
                    "NEW.kind = 'approved' AND EXISTS (SELECT 1 FROM settlement_settlementrun r "
                    "WHERE r.id = NEW.run_id AND r.created_by_id = NEW.decided_by_id)"
                ),
                violation_error_message=_("Somebody else than who had it worked out approves a settlement."),
            ),
            TriggerConstraint(
                name="run_decision_within_distributor",
                on=("INSERT",),
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity e JOIN settlement_settlementrun r ON r.id = NEW.run_id "
                    "JOIN events_event v ON v.id = r.event_id JOIN events_program p ON p.id = v.program_id "
                    "WHERE e.id = NEW.decided_by_id AND e.tenant_id <> p.distributor_id)"
                ),
                violation_error_message=_("Who decides on a settlement belongs to its distributor."),
            ),
            AppendOnly(name="run_decision_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.kind}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.run.event.program.distributor_id, None
