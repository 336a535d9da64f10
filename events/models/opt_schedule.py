"""Standing wishes: when somebody never takes part."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import TriggerConstraint
from events.models.program import Program
from meters.models import Meter
from organizations.access import Role, holder_id_of, role_of


class OptScheduleQuerySet(models.QuerySet["OptSchedule"]):
    """Standing wishes by who may see and change them."""

    def visible_to(self, user: User) -> "OptScheduleQuerySet":
        """The distributor's for its people; else one's own or one's organization's."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(meter__distributor_id=user.distributor_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(holder_id=holder_id_of(user))

    def lasting(self) -> "OptScheduleQuerySet":
        """Those that were not taken back."""
        return self.filter(ended_at__isnull=True)


class OptSchedule(models.Model):
    """One holder's wish to skip the events of a meter at certain times, until it is taken back.

    `weekdays` are digits, Monday 0 to Sunday 6; the hours are local clock times, empty for the whole day; the dates
    bound it, both included. It holds for one program, or for all. An event that overlaps it is skipped for the meter
    when the event is scheduled; the holder may join all the same.
    """

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="opt_schedules")
    holder = models.ForeignKey(Entity, models.PROTECT, related_name="opt_schedules")
    program = models.ForeignKey(Program, models.PROTECT, null=True, blank=True, related_name="opt_schedules")
    weekdays = models.CharField(_("weekdays"), max_length=7, default="0123456")
    hours_from = models.TimeField(_("from"), null=True, blank=True)
    hours_to = models.TimeField(_("until"), null=True, blank=True)
    first_day = models.DateField(_("from"), null=True, blank=True)
    last_day = models.DateField(_("to, included"), null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    objects = OptScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["meter", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(first_day__isnull=True) | Q(last_day__isnull=True) | Q(last_day__gte=F("first_day")),
                name="opt_schedule_days_in_order",
                violation_error_message=_("The last day must not be before the first."),
            ),
            models.CheckConstraint(
                condition=Q(hours_from__isnull=True, hours_to__isnull=True) | Q(hours_to__gt=F("hours_from")),
                name="opt_schedule_hours_in_order",
                violation_error_message=_("The end must be after the start."),
            ),
            TriggerConstraint(
                name="opt_schedule_same_distributor",
                refuse=(
                    "(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id) <> "
                    "(SELECT COALESCE(h.tenant_id, h.id) FROM accounts_entity h WHERE h.id = NEW.holder_id) "
                    "OR EXISTS (SELECT 1 FROM events_program p JOIN meters_meter m ON m.id = NEW.meter_id "
                    "WHERE p.id = NEW.program_id AND p.distributor_id <> m.distributor_id)"
                ),
                violation_error_message=_("Meter, holder and program belong to different distributors."),
            ),
        ]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.meter.distributor_id, None
