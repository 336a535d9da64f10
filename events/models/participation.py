"""Who takes part in an event."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import TriggerConstraint
from events.models.event import Event
from events.models.participation_state import ParticipationState
from meters.models import Meter
from organizations.access import Role, holder_id_of, role_of


class AnswerSource(models.TextChoices):
    """Where an answer came from."""

    PAGE = "page", _("on the page")
    LINK = "link", _("by the link of a notice")
    SCHEDULE = "schedule", _("by a standing wish")
    DEVICE = "device", _("by a device")
    API = "api", _("by the API")
    OPERATOR = "operator", _("by the operator")
    MOVE = "move", _("by moving out")
    PAUSE = "pause", _("by a pause")


# Who is not counted in an event: nothing of theirs is settled.
NOT_COUNTED = (ParticipationState.OPTED_OUT, ParticipationState.HELD_OUT)


class ParticipationQuerySet(models.QuerySet["Participation"]):
    """Participations by who may see them."""

    def visible_to(self, user: User) -> "ParticipationQuerySet":
        """The distributor's for its people; else those whose holder is oneself or one's organization."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(event__program__distributor_id=user.distributor_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(holder_id=holder_id_of(user)).exclude(state=ParticipationState.HELD_OUT)

    def compared(self) -> "ParticipationQuerySet":
        """The control group: those held out who have neither left nor paused since."""
        return self.filter(state=ParticipationState.HELD_OUT, answer_source="")

    def engaged(self) -> "ParticipationQuerySet":
        """Those whose time the event takes up: all but who skips it, and whom it does not compare with any more."""
        released = Q(state=ParticipationState.HELD_OUT) & ~Q(answer_source="")
        return self.exclude(Q(state=ParticipationState.OPTED_OUT) | released)


_EVENTS = (
    "(SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id "
    "WHERE e.id = NEW.event_id)"
)


class Participation(models.Model):
    """One meter in one event. `holder` is who had the meter when the event was called, and who is paid.

    Who is held out for comparison is told nothing, asked nothing and paid nothing. `answer_source` then says what
    released the home from the comparison, a pause for example; it stays held out all the same, so that nobody leaves
    the control group for the event itself.
    """

    event = models.ForeignKey(Event, models.CASCADE, related_name="participations")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="participations")
    holder = models.ForeignKey(Entity, models.PROTECT, null=True, related_name="participations")
    state = models.CharField(_("state"), max_length=12, choices=ParticipationState, default=ParticipationState.INVITED)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    # Where the event was made longer while it ran and this meter stops earlier; else it counts to the event's end.
    until = models.DateTimeField(_("counts until"), null=True, blank=True, editable=False)
    answer_source = models.CharField(_("answered"), max_length=8, choices=AnswerSource, blank=True)

    objects = ParticipationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "meter"], name="participation_once"),
            models.CheckConstraint(condition=Q(state__in=ParticipationState.values), name="participation_state_known"),
            models.CheckConstraint(
                condition=Q(answer_source__in=("", *AnswerSource.values)), name="participation_source_known"
            ),
            TriggerConstraint(
                name="participation_same_distributor",
                of=("event_id", "meter_id", "holder_id"),
                refuse=(
                    "EXISTS (SELECT 1 FROM meters_meter m "  # noqa: S608  # our own text
                    f"WHERE m.id = NEW.meter_id AND m.distributor_id <> {_EVENTS}) "
                    "OR EXISTS (SELECT 1 FROM accounts_entity h WHERE h.id = NEW.holder_id "
                    f"AND COALESCE(h.tenant_id, h.id) <> {_EVENTS})"
                ),
                violation_error_message=_("Event, meter and holder belong to different distributors."),
            ),
        ]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.event.program.distributor_id, None
