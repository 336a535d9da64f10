"""Who holds a meter, from when to when."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import Entity, Kind, User
from common.constraints import explain_integrity_error
from common.retry import retried
from meters.connections import Held, holdings
from meters.errors import MapRefused
from meters.models import IntervalReading, Meter, MeterMap
from meters.signals import moved_in, moved_out, moving_out_undone, organization_map_changed
from organizations.access import Role, holder_id_of, role_of


@retried
def map_meter(
    *, meter: Meter, holder: Entity, valid_from: datetime, valid_to: datetime | None = None, by: User | None = None
) -> MeterMap:
    """The holder's row for this meter and time; the one that exists if it is in force from then on already.

    Raises:
        MapRefused: Another resident holds it then, or the holder cannot have it.
    """
    with writing(meter), deed("meter.mapped", by=by):
        same = MeterMap.objects.filter(meter=meter, entity_id=holder.pk, valid_from=valid_from, valid_to=valid_to)
        known = same.first()
        if known is not None:
            return known
        row = MeterMap.objects.create(meter=meter, entity_id=holder.pk, valid_from=valid_from, valid_to=valid_to)
        if row.holder_kind == Kind.USER:
            moved_in.send(sender=MeterMap, meter_map=row, by=by)
        else:
            organization_map_changed.send(sender=MeterMap, meter_map=row)
    return row


@retried
def end_map(*, meter_map: MeterMap, at: datetime, by: User | None = None) -> MeterMap:
    """The row, now ending at that moment; what was read until then stays visible to its holder.

    Raises:
        MapRefused: It is the distributor's own, has ended before, or starts later.
    """
    with writing(meter_map.meter), deed("meter.moved_out", by=by):
        row = MeterMap.objects.select_for_update().get(pk=meter_map.pk)
        if row.valid_to is not None and row.valid_to <= at:
            if row.valid_to <= timezone.now():
                raise MapRefused(_("This has ended already."))
            raise MapRefused(_("The end is set already. Take it back first."))
        _end(row, at, by)
    return row


@retried
def remove_map(*, meter_map: MeterMap, by: User | None = None) -> MeterMap | None:
    """Ends the row now if anything was read while it was in force, else deletes it and returns None.

    Raises:
        MapRefused: It is the distributor's own.
    """
    now = timezone.now()
    with writing(meter_map.meter), deed("meter.moved_out", by=by):
        row = MeterMap.objects.select_for_update().get(pk=meter_map.pk)
        read = IntervalReading.objects.filter(meter_id=row.meter_id, start__gte=row.valid_from)
        if row.valid_to is not None:
            read = read.filter(start__lt=row.valid_to)
        if not read.exists():
            row.delete()
            row.valid_to = row.valid_from
            _tell_end(row, by)
            return None
        if row.valid_to is None or row.valid_to > now:
            _end(row, now, by)
    return row


def _end(row: MeterMap, at: datetime, by: User | None) -> None:
    row.valid_to = at
    row.save(update_fields=["valid_to"])
    _tell_end(row, by)


def _tell_end(row: MeterMap, by: User | None) -> None:
    if row.holder_kind == Kind.USER:
        moved_out.send(sender=MeterMap, meter_map=row, by=by)
    else:
        organization_map_changed.send(sender=MeterMap, meter_map=row)


def move_in(*, resident: User, meter: Meter, at: datetime, by: User | None = None) -> MeterMap:
    """The resident's row from that moment on.

    Raises:
        MapRefused: Somebody lives there still, the resident has another meter, or belongs to an organization.
    """
    return map_meter(meter=meter, holder=resident, valid_from=at, by=by)


def move_out(*, resident: User, at: datetime, by: User | None = None) -> MeterMap:
    """The resident's row, now ending at that moment, which may lie ahead.

    Raises:
        MapRefused: The resident has no meter.
    """
    rows = MeterMap.objects.filter(entity_id=resident.pk).ending_after(timezone.now()).select_related("meter")
    row = rows.order_by("valid_from").first()
    if row is None:
        raise MapRefused(_("This resident has no meter."))
    return end_map(meter_map=row, at=at, by=by)


@retried
def undo_move_out(*, meter_map: MeterMap, by: User | None = None) -> MeterMap:
    """The row, without the end that it had on a day to come.

    Raises:
        MapRefused: The day has come, nothing was set, or somebody else moves in on it.
    """
    with writing(meter_map.meter), deed("meter.stays", by=by):
        row = MeterMap.objects.select_for_update().get(pk=meter_map.pk)
        was = row.valid_to
        if was is None or was <= timezone.now():
            raise MapRefused(_("There is no moving out to take back any more."))
        row.valid_to = None
        row.save(update_fields=["valid_to"])
        moving_out_undone.send(sender=MeterMap, meter_map=row, was=was, by=by)
    return row


def held_by(*, user: User, meter: Meter) -> list[Held] | None:
    """When the meter was the user's (or the organization's); None for who sees all of it."""
    role = role_of(user)
    if role is Role.PLATFORM or (role.is_staff and user.tenant_id == meter.distributor_id):
        return None
    if role in (Role.ANONYMOUS, Role.PENDING) or role.is_staff:
        return []
    return holdings(holder_id=holder_id_of(user), meter=meter)


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
def writing(meter: Meter) -> Iterator[None]:
    """A transaction that changes who holds a meter; what the database refuses of it becomes MapRefused."""
    try:
        with transaction.atomic():
            # In this order everywhere: the distributor, as the triggers do, then the meter, as ingest does.
            Entity.objects.select_for_update().get(pk=meter.distributor_id, kind=Kind.DISTRIBUTOR)
            Meter.objects.select_for_update().get(pk=meter.pk)
            yield
    except IntegrityError as error:
        raise MapRefused(explain_integrity_error(error)) from error
