"""Whom an event asks."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from events.models.event import Event
from events.targets import area_of
from meters.models import Feeder, Meter
from organizations.access import Role, role_of
from organizations.models import Organization, OrganizationGroup

_IS_OPEN = "(SELECT e.state FROM events_event e WHERE e.id = {row}.event_id) IN ('draft', 'scheduled')"
_EVENTS = (
    "(SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id "
    "WHERE e.id = NEW.event_id)"
)
_TARGETS = (
    "COALESCE((SELECT g.distributor_id FROM organizations_organizationgroup g WHERE g.id = NEW.group_id), "
    "(SELECT f.distributor_id FROM meters_feeder f WHERE f.id = NEW.feeder_id), "
    "(SELECT o.distributor_id FROM organizations_organization o WHERE o.entity_id = NEW.organization_id), "
    "(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id))"
)
KINDS = ("group", "feeder", "organization", "meter", "area")


def _one_thing() -> Q:
    """Exactly one of the kinds."""
    conditions = Q()
    for chosen in KINDS:
        conditions |= Q(**{f"{kind}__isnull": kind != chosen for kind in KINDS})
    return conditions


class TargetQuerySet(models.QuerySet["EventTarget"]):
    """Targets by who may see them."""

    def visible_to(self, user: User) -> "TargetQuerySet":
        """The distributor's for its people; who else was asked is no business of customers."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(event__program__distributor_id=user.distributor_id) if role.is_staff else self.none()


class EventTarget(models.Model):
    """One group, feeder, organization, meter or area that an event asks; without any, everybody enrolled is asked.

    An area is `{"name", "kind": "circle", "center": [lat, lon], "radius_m"}` or `{"name", "kind": "polygon",
    "points": [[lat, lon], …]}`, in degrees (WGS 84); the meters that lie in it are asked.

    Written by `events.services` while the event is a draft, and never changed once it was announced. What an
    event asked is not deleted, so that the event cannot come to speak of everybody.
    """

    event = models.ForeignKey(Event, models.CASCADE, related_name="targets")
    group = models.ForeignKey(OrganizationGroup, models.PROTECT, null=True, related_name="event_targets")
    feeder = models.ForeignKey(Feeder, models.PROTECT, null=True, related_name="event_targets")
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="event_targets")

    meter = models.ForeignKey(Meter, models.PROTECT, null=True, related_name="event_targets")
    area = models.JSONField(null=True)

    objects = TargetQuerySet.as_manager()

    class Meta:
        ordering = ["event", "id"]
        constraints = [
            models.CheckConstraint(
                condition=_one_thing(),
                name="event_target_is_one_thing",
                violation_error_message=_("A target is one group, feeder, organization, meter or area."),
            ),
            models.UniqueConstraint(fields=["event", "group"], name="event_target_group_once"),
            models.UniqueConstraint(fields=["event", "feeder"], name="event_target_feeder_once"),
            models.UniqueConstraint(fields=["event", "organization"], name="event_target_organization_once"),
            models.UniqueConstraint(fields=["event", "meter"], name="event_target_meter_once"),
            TriggerConstraint(
                name="event_target_same_distributor",
                refuse=f"{_EVENTS} <> {_TARGETS}",
                violation_error_message=_("Event and target belong to different distributors."),
            ),
            TriggerConstraint(
                name="event_target_frozen",
                refuse=f"NOT ({_IS_OPEN.format(row='NEW')})",
                violation_error_message=_("The event was announced; whom it asks is fixed."),
            ),
            TriggerConstraint(
                name="event_target_not_deleted",
                on=("UPDATE", "DELETE"),
                refuse=f"NOT ({_IS_OPEN.format(row='OLD')})",
                violation_error_message=_("The event was announced; whom it asks is fixed."),
            ),
        ]

    def __str__(self) -> str:
        named = self.group or self.feeder or self.organization or self.meter
        return str(named or (self.area or {}).get("name") or _("an area of the map"))

    @property
    def value(self) -> str:
        """The target as addresses and forms write it: "group-3"; an area as `Area.value` does."""
        kind = next((kind for kind in KINDS[:-1] if getattr(self, f"{kind}_id")), None)
        return area_of(self.area or {}).value if kind is None else f"{kind}-{getattr(self, f'{kind}_id')}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.event.program.distributor_id, None
