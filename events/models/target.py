"""Whom an event asks."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from events.models.event import Event
from meters.models import Feeder
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
    "(SELECT o.distributor_id FROM organizations_organization o WHERE o.entity_id = NEW.organization_id))"
)


class TargetQuerySet(models.QuerySet["EventTarget"]):
    """Targets by who may see them."""

    def visible_to(self, user: User) -> "TargetQuerySet":
        """The distributor's for its people; who else was asked is no business of customers."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(event__program__distributor_id=user.distributor_id) if role.is_staff else self.none()


class EventTarget(models.Model):
    """One group, feeder or organization that an event asks; without any, everybody enrolled is asked.

    Written by `events.services` while the event is a draft, and never changed once it was announced. What an
    event asked is not deleted, so that the event cannot come to speak of everybody.
    """

    event = models.ForeignKey(Event, models.CASCADE, related_name="targets")
    group = models.ForeignKey(OrganizationGroup, models.PROTECT, null=True, related_name="event_targets")
    feeder = models.ForeignKey(Feeder, models.PROTECT, null=True, related_name="event_targets")
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, related_name="event_targets")

    objects = TargetQuerySet.as_manager()

    class Meta:
        ordering = ["event", "id"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(group__isnull=False, feeder__isnull=True, organization__isnull=True)
                    | Q(group__isnull=True, feeder__isnull=False, organization__isnull=True)
                    | Q(group__isnull=True, feeder__isnull=True, organization__isnull=False)
                ),
                name="event_target_is_one_thing",
                violation_error_message=_("A target is one group, one feeder or one organization."),
            ),
            models.UniqueConstraint(fields=["event", "group"], name="event_target_group_once"),
            models.UniqueConstraint(fields=["event", "feeder"], name="event_target_feeder_once"),
            models.UniqueConstraint(fields=["event", "organization"], name="event_target_organization_once"),
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
        return str(self.group or self.feeder or self.organization)

    @property
    def value(self) -> str:
        """The target as addresses and forms write it: "group-3"."""
        kind = next(kind for kind in ("group", "feeder", "organization") if getattr(self, f"{kind}_id"))
        return f"{kind}-{getattr(self, f'{kind}_id')}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.event.program.distributor_id, None
