"""Devices behind somebody's own meters, read only, for the people who hold the meters now."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from accounts.models import User
from events.models import Event
from meters.models import Meter, MeterMap
from openadr.models import EventDelivery, Resource, VenState
from organizations.access import Role, role_of

MOST = 20


def holder_of(user: User) -> int | None:
    """Whose meters the reader sees: their own, or those of their organization; None for operators."""
    role = role_of(user)
    if role is Role.RESIDENT:
        return int(user.pk)
    return user.membership.organization_id if role.is_member else None


def devices_at(user: User, meter: Meter, now: datetime) -> list[Resource]:
    """What is behind a meter that the reader may see. Two queries.

    For its holder of now alone, and none that belongs to somebody else: who has moved out sees no more of it.
    """
    rows = Resource.objects.filter(meter=meter, ended_at=None).exclude(ven__state=VenState.REVOKED)
    rows = rows.select_related("ven__seen", "status").order_by("ven__name", "name")
    holder = holder_of(user)
    if holder is None:
        return list(rows.filter(pk__in=Resource.objects.visible_to(user).values("pk"))[:MOST])
    held = MeterMap.objects.filter(meter=meter, entity_id=holder, valid_from__lte=now)
    if not held.filter(Q(valid_to=None) | Q(valid_to__gt=now)).exists():
        return []
    return list(rows.filter(Q(ven__owner=None) | Q(ven__owner=holder))[:MOST])


def answers_of(user: User, event: Event, meter_ids: Collection[int]) -> list[EventDelivery]:
    """What the reader's devices were told of an event, and answered. One query."""
    holder = holder_of(user)
    if holder is None or not meter_ids:
        return []
    behind = Resource.objects.filter(meter__in=meter_ids, ended_at=None).values("ven")
    rows = EventDelivery.objects.filter(event=event, ven__in=behind).exclude(ven__state=VenState.REVOKED)
    mine = rows.filter(Q(ven__owner=None) | Q(ven__owner=holder)).select_related("ven").order_by("ven__name")
    return list(mine[:MOST])
