"""Who holds a meter, from when to when."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Entity, Kind, User
from common.constraints import explain_integrity_error
from meters.errors import MapRefused
from meters.models import IntervalReading, Meter, MeterMap
from organizations.access import Role, holder_id_of, role_of


class Held(NamedTuple):
    """[start, end) in which a meter was somebody's; no end: it still is."""

    start: datetime
    end: datetime | None


def map_meter(*, meter: Meter, holder: Entity, valid_from: datetime, valid_to: datetime | None = None) -> MeterMap:
    """The holder's row for this meter and time; the one that exists if it is in force from then on already.

    Raises:
        MapRefused: Another resident holds it then, or the holder cannot have it.
    """
    with _writing(meter):
        same = MeterMap.objects.filter(meter=meter, entity_id=holder.pk, valid_from=valid_from, valid_to=valid_to)
        return same.first() or MeterMap.objects.create(
            meter=meter, entity_id=holder.pk, valid_from=valid_from, valid_to=valid_to
        )


def end_map(*, meter_map: MeterMap, at: datetime) -> MeterMap:
    """The row, now ending at that moment; what was read until then stays visible to its holder.

    Raises:
        MapRefused: It is the distributor's own, has ended before, or starts later.
    """
    with _writing(meter_map.meter):
        row = MeterMap.objects.select_for_update().get(pk=meter_map.pk)
        if row.valid_to is not None and row.valid_to <= at:
            raise MapRefused("This has ended already.")
        row.valid_to = at
        row.save(update_fields=["valid_to"])
    return row


def remove_map(*, meter_map: MeterMap) -> MeterMap | None:
    """Ends the row now if anything was read while it was in force, else deletes it and returns None.

    Raises:
        MapRefused: It is the distributor's own.
    """
    now = timezone.now()
    with _writing(meter_map.meter):
        row = MeterMap.objects.select_for_update().get(pk=meter_map.pk)
        read = IntervalReading.objects.filter(meter_id=row.meter_id, start__gte=row.valid_from)
        if row.valid_to is not None:
            read = read.filter(start__lt=row.valid_to)
        if not read.exists():
            row.delete()
            return None
        if row.valid_to is None or row.valid_to > now:
            row.valid_to = now
            row.save(update_fields=["valid_to"])
    return row


def move_in(*, resident: User, meter: Meter, at: datetime) -> MeterMap:
    """The resident's row from that moment on.

    Raises:
        MapRefused: Somebody lives there still, the resident has another meter, or belongs to an organization.
    """
    return map_meter(meter=meter, holder=resident, valid_from=at)


def move_out(*, resident: User, at: datetime) -> MeterMap:
    """The resident's row, now ending at that moment.

    Raises:
        MapRefused: The resident has no meter.
    """
    row = MeterMap.objects.open().filter(entity_id=resident.pk).select_related("meter").first()
    if row is None:
        raise MapRefused("This resident has no meter.")
    return end_map(meter_map=row, at=at)


def held_by(*, user: User, meter: Meter) -> list[Held] | None:
    """When the meter was the user's (or the organization's); None for who sees all of it."""
    role = role_of(user)
    if role is Role.PLATFORM or (role.is_staff and user.tenant_id == meter.distributor_id):
        return None
    if role in (Role.ANONYMOUS, Role.PENDING) or role.is_staff:
        return []
    rows = MeterMap.objects.filter(entity_id=holder_id_of(user), meter=meter).order_by("valid_from")
    return [Held(*row) for row in rows.values_list("valid_from", "valid_to")]


def within(spans: list[Held] | None) -> Q:
    """The condition on `start` that holds inside of the spans; None: always.

    The same rows as `IntervalReading.objects.visible_to`, for one meter, without a look at the map per row.
    """
    if spans is None:
        return Q()
    inside = Q(pk__in=[])
    for span in spans:
        inside |= Q(start__gte=span.start) if span.end is None else Q(start__gte=span.start, start__lt=span.end)
    return inside


@contextmanager
def _writing(meter: Meter) -> Iterator[None]:
    try:
        with transaction.atomic():
            # In this order everywhere: the distributor, as the triggers do, then the meter, as ingest does.
            Entity.objects.select_for_update().get(pk=meter.distributor_id, kind=Kind.DISTRIBUTOR)
            Meter.objects.select_for_update().get(pk=meter.pk)
            yield
    except IntegrityError as error:
        raise MapRefused(explain_integrity_error(error)) from error
