"""Who takes part in an event."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import TriggerConstraint
from events.models.event import Event
from meters.models import Meter
from organizations.access import Role, holder_id_of, role_of


class ParticipationState(models.TextChoices):
    """The life of a participation."""

    INVITED = "invited", _("invited")
    NOTIFIED = "notified", _("told")
    OPTED_IN = "opted_in", _("joined")
    OPTED_OUT = "opted_out", _("skipped")
    NO_RESPONSE = "no_response", _("no answer")
    MEASURED = "measured", _("measured")
    UNMEASURED = "unmeasured", _("not measured")
    SETTLED = "settled", _("settled")
    DISPUTED = "disputed", _("in dispute")
    RESOLVED = "resolved", _("resolved")


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
        return self.filter(holder_id=holder_id_of(user))


_EVENTS = (
    "(SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id "
    "WHERE e.id = NEW.event_id)"
)


class Participation(models.Model):
    """One meter in one event. `holder` is who had the meter when the event was called, and who is paid."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="participations")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="participations")
    holder = models.ForeignKey(Entity, models.PROTECT, null=True, related_name="participations")
    state = models.CharField(_("state"), max_length=12, choices=ParticipationState, default=ParticipationState.INVITED)

    objects = ParticipationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "meter"], name="participation_once"),
            models.CheckConstraint(condition=Q(state__in=ParticipationState.values), name="participation_state_known"),
            TriggerConstraint(
                name="participation_same_distributor",
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
