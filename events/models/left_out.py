"""Who is enrolled and was not asked, and why."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.constraints import TriggerConstraint
from events.models.event import Event
from meters.models import Meter


class LeftOutReason(models.TextChoices):
    """Why an enrolled meter takes no part in an event."""

    OPERATOR = "operator", _("left out by the operator")
    PAUSED = "paused", _("paused")
    NO_HOLDER = "no_holder", _("nobody lives there")
    NOT_AGREED = "not_agreed", _("has not agreed to the terms in force")
    NOT_MEASURED = "not_measured", _("no readings of late")
    ENOUGH_EVENTS = "enough_events", _("has had as many events as the terms allow")


class EventLeftOut(models.Model):
    """One enrolled meter that an event leaves out. The operator's are wishes of a draft, the others are written
    when the event is scheduled."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="left_out")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=14, choices=LeftOutReason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["event", "meter"]
        constraints = [
            models.UniqueConstraint(fields=["event", "meter"], name="event_left_out_once"),
            models.CheckConstraint(condition=Q(reason__in=LeftOutReason.values), name="event_left_out_reason_known"),
            TriggerConstraint(
                name="event_left_out_same_distributor",
                refuse=(
                    "(SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id "
                    "WHERE e.id = NEW.event_id) <> "
                    "(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id)"
                ),
                violation_error_message=_("Event and meter belong to different distributors."),
            ),
        ]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.event.program.distributor_id, None
