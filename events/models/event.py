"""One call for less load."""

from itertools import pairwise

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import CompositeForeignKey, TriggerConstraint
from events.models.participation_state import TOLD
from events.models.program import Program
from events.models.version import ProgramVersion
from organizations.access import Role, holder_id_of, role_of


class EventState(models.TextChoices):
    """The life of an event."""

    DRAFT = "draft", _("draft")
    SCHEDULED = "scheduled", _("scheduled")
    NOTIFIED = "notified", _("announced")
    ACTIVE = "active", _("running")
    COMPLETED = "completed", _("being checked")
    MEASURED = "measured", _("measured")
    SETTLED = "settled", _("settled")
    CLOSED = "closed", _("closed")
    CANCELLED = "cancelled", _("cancelled")


_LIFE = [state.value for state in EventState if state is not EventState.CANCELLED]
# What may follow what: the next step of life, or the end of an event that has not ended yet.
TRANSITIONS = [*pairwise(_LIFE)] + [
    (state, EventState.CANCELLED.value) for state in _LIFE[: _LIFE.index(EventState.ACTIVE) + 1]
]
# States in which customers may know of the event.
PUBLIC = [*_LIFE[_LIFE.index(EventState.NOTIFIED) :], EventState.CANCELLED.value]

_ALLOWED = " OR ".join(
    [
        *(f"(OLD.state = '{old}' AND NEW.state = '{new}')" for old, new in TRANSITIONS),
        # Nothing is paid for a test, so it is never settled.
        "(NEW.is_test AND OLD.state IN ('completed', 'measured') AND NEW.state = 'closed')",
    ]
)


class EventQuerySet(models.QuerySet["Event"]):
    """Events by who may see them."""

    def visible_to(self, user: User) -> "EventQuerySet":
        """The distributor's for its people; for customers those announced, in which a meter of theirs takes part.

        Whose only meters in it are held out for comparison sees nothing of it.
        """
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(program__distributor_id=user.distributor_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        mine = Event.objects.filter(participations__holder_id=holder_id_of(user), participations__state__in=TOLD)
        return self.filter(pk__in=mine.values("pk"), notified_at__isnull=False)

    def managed_by(self, user: User) -> "EventQuerySet":
        """What the user may change."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class Event(models.Model):
    """One event of a program over [start, end). Its state changes by `events.services` only.

    The database holds the life's order, and that each change of time or state raises `modification_number`.
    `expected_kw` is what is expected of it and `reserved` what it may cost at most: of a draft as the preview says,
    then fixed when it is scheduled, and again from who has a seat in it at each change. Nothing is paid for a test.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="events", verbose_name=_("program"))
    version = models.ForeignKey(ProgramVersion, models.PROTECT, related_name="events", editable=False)
    start = models.DateTimeField(_("start"))
    end = models.DateTimeField(_("end"))
    state = models.CharField(_("state"), max_length=10, choices=EventState, default=EventState.DRAFT, editable=False)
    modification_number = models.PositiveIntegerField(default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    notified_at = models.DateTimeField(_("announced"), null=True, editable=False)
    is_test = models.BooleanField(_("only a test"), default=False)
    note = models.TextField(_("words for those who are asked"), blank=True)
    target_kw = models.DecimalField(_("target, kW"), max_digits=12, decimal_places=3, null=True, blank=True)
    expected_kw = models.DecimalField(max_digits=12, decimal_places=3, null=True, blank=True, editable=False)
    reserved = models.DecimalField(
        _("reserved of the budget"), max_digits=14, decimal_places=2, null=True, blank=True, editable=False
    )
    # A new time that one admin asked for and that needs a second one to ask for it as well; `created_by` is the first.
    wanted_start = models.DateTimeField(null=True, blank=True, editable=False)
    wanted_end = models.DateTimeField(null=True, blank=True, editable=False)
    # The end that people were told before it was made longer while it ran, as long as that end is earlier.
    told_end = models.DateTimeField(_("end told before"), null=True, blank=True, editable=False)
    opt_until = models.DateTimeField(_("answers change until"), null=True, blank=True, editable=False)
    needs_second = models.BooleanField(_("a second person must agree"), default=False, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    approved_at = models.DateTimeField(_("agreed"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    cancel_reason = models.CharField(_("why it was called off"), max_length=300, blank=True, editable=False)
    # What the draw of the control group started from, so that anybody can draw it again.
    draw_seed = models.CharField(max_length=64, blank=True, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-start"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "start", "end"],
                name="event_once",
                violation_error_message=_("The program has an event at this time already."),
            ),
            CompositeForeignKey(
                name="event_version_of_program",
                fields=["version", "program"],
                to="events.ProgramVersion",
                to_fields=["id", "program"],
            ),
            models.CheckConstraint(condition=Q(state__in=EventState.values), name="event_state_known"),
            models.CheckConstraint(
                condition=Q(end__gt=F("start")),
                name="event_ends_after_start",
                violation_error_message=_("The end must be after the start."),
            ),
            TriggerConstraint(
                name="event_life",
                on=("UPDATE",),
                refuse=f"NEW.state <> OLD.state AND NOT ({_ALLOWED})",
                violation_error_message=_("An event cannot go from its state to that one."),
            ),
            TriggerConstraint(
                name="event_change_is_counted",
                on=("UPDATE",),
                refuse=(
                    "(NEW.state <> OLD.state OR NEW.start <> OLD.start OR NEW.end <> OLD.end) "
                    "AND NEW.modification_number <> OLD.modification_number + 1"
                ),
                violation_error_message=_("Every change of an event raises its modification number by one."),
            ),
            TriggerConstraint(
                name="event_program_fixed",
                on=("UPDATE",),
                refuse="NEW.program_id <> OLD.program_id",
                violation_error_message=_("An event stays with its program."),
            ),
            TriggerConstraint(
                name="event_terms_published",
                refuse=(
                    "(SELECT v.published_at FROM events_programversion v WHERE v.id = NEW.version_id) IS NULL "
                    "AND NEW.version_id IS NOT NULL"
                ),
                violation_error_message=_("The terms are a draft; publish them first."),
            ),
            TriggerConstraint(
                name="event_second_person",
                on=("UPDATE",),
                refuse=(
                    "NEW.state = 'scheduled' AND OLD.state = 'draft' AND NEW.needs_second "
                    "AND (NEW.approved_by_id IS NULL OR NEW.approved_by_id = COALESCE(NEW.created_by_id, 0))"
                ),
                violation_error_message=_("An event of this size needs a second person’s agreement."),
            ),
            TriggerConstraint(
                name="event_agreed_within_distributor",
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity e JOIN events_program p ON p.id = NEW.program_id "
                    "WHERE e.id = NEW.approved_by_id AND e.tenant_id <> p.distributor_id)"
                ),
                violation_error_message=_("Who agrees to an event belongs to its distributor."),
            ),
            TriggerConstraint(
                name="event_made_within_distributor",
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity e JOIN events_program p ON p.id = NEW.program_id "
                    "WHERE e.id = NEW.created_by_id AND e.tenant_id <> p.distributor_id)"
                ),
                violation_error_message=_("Who makes an event belongs to its distributor."),
            ),
        ]

    @property
    def was_recorded(self) -> bool:
        """Whether nobody was told of it before it began: it was entered afterwards."""
        return self.notified_at is None or self.notified_at >= self.start

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.program.distributor_id, None

    def __str__(self) -> str:
        return f"{self.program} {timezone.localtime(self.start, self.program.zone):%Y-%m-%d %H:%M}"
