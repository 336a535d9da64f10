"""What a participant says is wrong with an event, and how it was answered and decided."""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import TriggerConstraint
from events.models import Participation
from organizations.access import Role, holder_id_of, role_of
from organizations.models import Distributor
from settlement.models.run import SettlementLine, SettlementRun


class DisputeCategory(models.TextChoices):
    """What somebody says is wrong."""

    READING = "reading", _("a reading is not right")
    DAY = "day", _("a day should or should not count")
    SKIPPED = "skipped", _("I had skipped this event")
    OTHER = "other", _("something else")


class DisputeState(models.TextChoices):
    """How far a dispute is."""

    OPEN = "open", _("waits for the distributor")
    ANSWERED = "answered", _("answered")
    IN_FAVOR = "in_favor", _("resolved in favor")
    AGAINST = "against", _("resolved, the amount stays")
    WITHDRAWN = "withdrawn", _("withdrawn")


UNDECIDED = (DisputeState.OPEN, DisputeState.ANSWERED)
RESOLVED = (DisputeState.IN_FAVOR, DisputeState.AGAINST)


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Disputes by who may see them."""

    def visible_to(self, user: User) -> "DisputeQuerySet":
        """The distributor's for its people; else one's own or those of one's organization."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(distributor_id=user.distributor_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(holder_id=holder_id_of(user))

    def managed_by(self, user: User) -> "DisputeQuerySet":
        """What the user may answer and decide."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()

    def led_by(self, user: User) -> "DisputeQuerySet":
        """What the user may go on writing in, or withdraw: a resident's own, an organization's for its admins."""
        may = role_of(user) in (Role.RESIDENT, Role.ORGANIZATION_ADMIN)
        return self.visible_to(user) if may else self.none()

    def undecided(self) -> "DisputeQuerySet":
        """Those that go on."""
        return self.filter(state__in=UNDECIDED)


_WHOSE = (
    "(SELECT p.distributor_id FROM events_participation a JOIN events_event e ON e.id = a.event_id "
    "JOIN events_program p ON p.id = e.program_id WHERE a.id = NEW.participation_id)"
)
_STRANGERS = " OR ".join(
    [
        f"NEW.distributor_id <> {_WHOSE}",
        "EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id "
        "AND COALESCE(h.tenant_id, h.id) <> NEW.distributor_id)",
        # Platform operators belong to no distributor.
        *(
            f"EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.{who} "  # noqa: S608  # our own text
            "AND e.tenant_id <> NEW.distributor_id)"
            for who in ("opened_by_id", "decided_by_id")
        ),
        "EXISTS (SELECT 1 FROM settlement_settlementline l JOIN settlement_settlementrun r ON r.id = l.run_id "
        "JOIN events_participation a ON a.id = NEW.participation_id "
        "WHERE l.id = NEW.line_id AND (r.event_id <> a.event_id OR l.meter_id <> a.meter_id))",
        "EXISTS (SELECT 1 FROM settlement_settlementrun r "
        "JOIN events_participation a ON a.id = NEW.participation_id "
        "WHERE r.id = NEW.run_id AND r.event_id <> a.event_id)",
    ]
)
_FIXED = ("distributor_id", "participation_id", "holder_id", "line_id", "category", "opened_by_id", "opened_at")
_OVER = "('in_favor', 'against', 'withdrawn')"


class Dispute(models.Model):
    """One objection of a holder to what an event came to for a meter. Written by `services.disputes` only.

    `line` is the figure that was questioned. Until `due_at` the distributor answers; it moves only when the holder
    writes again after an answer. What comes of it is a new run (`run`) or adjustments that name the dispute.
    """

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="+")
    participation = models.ForeignKey(Participation, models.PROTECT, related_name="disputes")
    holder = models.ForeignKey(Entity, models.PROTECT, related_name="disputes")
    line = models.ForeignKey(SettlementLine, models.PROTECT, null=True, related_name="disputes")
    category = models.CharField(_("what is wrong"), max_length=8, choices=DisputeCategory)
    state = models.CharField(_("state"), max_length=9, choices=DisputeState, default=DisputeState.OPEN)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    due_at = models.DateTimeField(_("answer due"))
    outcome = models.CharField(_("outcome"), max_length=300, blank=True)
    run = models.ForeignKey(SettlementRun, models.PROTECT, null=True, related_name="disputes")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    undecided_participation = models.GeneratedField(
        expression=Case(When(state__in=UNDECIDED, then=F("participation"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-opened_at", "-id"]
        indexes = [models.Index(fields=["distributor", "state", "due_at"], name="dispute_queue")]
        constraints = [
            models.UniqueConstraint(
                fields=["undecided_participation"],
                name="dispute_one_at_a_time",
                violation_error_message=_("There is a dispute about this already."),
            ),
            models.CheckConstraint(condition=Q(category__in=DisputeCategory.values), name="dispute_category_known"),
            models.CheckConstraint(condition=Q(state__in=DisputeState.values), name="dispute_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=UNDECIDED, decided_at__isnull=True, decided_by__isnull=True, outcome="")
                | Q(state=DisputeState.WITHDRAWN, decided_at__isnull=False, outcome="")
                | (Q(state__in=RESOLVED, decided_at__isnull=False, decided_by__isnull=False) & ~Q(outcome="")),
                name="dispute_decided_with_words",
                violation_error_message=_("A decision says who decided, when and why."),
            ),
            models.CheckConstraint(
                condition=Q(run__isnull=True) | Q(state=DisputeState.IN_FAVOR), name="dispute_run_in_favor"
            ),
            TriggerConstraint(
                name="dispute_same_distributor",
                refuse=_STRANGERS,
                violation_error_message=_("The dispute names something of another distributor or event."),
            ),
            TriggerConstraint(
                name="dispute_begins_open",
                on=("INSERT",),
                refuse="NEW.state <> 'open'",
                violation_error_message=_("A dispute begins open."),
            ),
            TriggerConstraint(
                name="dispute_way",
                on=("UPDATE",),
                refuse=" OR ".join(
                    [
                        f"OLD.state IN {_OVER}",
                        "(NEW.due_at <> OLD.due_at AND NOT (OLD.state = 'answered' AND NEW.state = 'open'))",
                        *(f"COALESCE(NEW.{name}, 0) <> COALESCE(OLD.{name}, 0)" for name in _FIXED),
                    ]
                ),
                violation_error_message=_("A dispute is decided once, and stays what was said."),
            ),
            TriggerConstraint(
                name="dispute_kept",
                on=("DELETE",),
                refuse="1 = 1",
                violation_error_message=_("A dispute is never deleted."),
            ),
        ]

    def __str__(self) -> str:
        return f"dispute {self.pk}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.distributor_id, None

    @property
    def is_undecided(self) -> bool:
        """Whether it goes on."""
        return self.state in UNDECIDED

    @property
    def is_overdue(self) -> bool:
        """Whether an answer is owed and late."""
        return self.state == DisputeState.OPEN and self.due_at < timezone.now()


class DisputeMessageQuerySet(models.QuerySet["DisputeMessage"]):
    """Messages by who may see them."""

    def visible_to(self, user: User) -> "DisputeMessageQuerySet":
        """Those of the disputes that one sees."""
        return self.filter(dispute__in=Dispute.objects.visible_to(user))


_DISPUTES = "(SELECT d.distributor_id FROM settlement_dispute d WHERE d.id = NEW.dispute_id)"


class DisputeMessage(models.Model):
    """One thing said in a dispute, by its holder or by the distributor. Never changed.

    Only when the account of the resident or of whoever wrote them is closed are the words taken out, as they may name
    the person.
    """

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    is_from_distributor = models.BooleanField(_("from the distributor"))
    words = models.CharField(_("words"), max_length=2000, blank=True)
    written_at = models.DateTimeField(_("written"), default=timezone.now)

    objects = DisputeMessageQuerySet.as_manager()

    class Meta:
        ordering = ["written_at", "id"]
        constraints = [
            TriggerConstraint(
                name="dispute_message_same_distributor",
                on=("INSERT",),
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.author_id "  # noqa: S608  # our own text
                    f"AND e.tenant_id <> {_DISPUTES})"
                ),
                violation_error_message=_("Who writes in a dispute belongs to its distributor."),
            ),
            TriggerConstraint(
                name="dispute_message_unchanged",
                on=("UPDATE",),
                refuse=" OR ".join(
                    [
                        "NEW.words <> ''",
                        *(
                            f"NEW.{name} <> OLD.{name}"
                            for name in ("dispute_id", "author_id", "is_from_distributor", "written_at")
                        ),
                        "NOT EXISTS (SELECT 1 FROM settlement_dispute d JOIN accounts_user u "
                        "ON u.entity_id = d.holder_id OR (u.entity_id = OLD.author_id AND NOT OLD.is_from_distributor) "
                        "WHERE d.id = OLD.dispute_id AND u.closed_at IS NOT NULL)",
                    ]
                ),
                violation_error_message=_("What was said is never changed."),
            ),
            TriggerConstraint(
                name="dispute_message_kept",
                on=("DELETE",),
                refuse="1 = 1",
                violation_error_message=_("What was said is never deleted."),
            ),
        ]
