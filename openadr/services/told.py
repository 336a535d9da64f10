"""Who is to be told of an event, and what: read from who takes part, and from what each VEN answered itself."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from events.models import AnswerSource, Event, Participation, ParticipationState
from events.models.participation import NOT_COUNTED
from meters.selectors import holders_at
from openadr.models import EventDelivery, Opt, Resource, VenOpt
from openadr.selectors import allowed

# Of the SIMPLE signal: less load, please.
LEVEL = 1
# How long a VEN has to acknowledge: half the notice, within these bounds, and never past the start.
SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=6)
# VEN, its owner, resource and meter.
_Resource = tuple[int, int | None, str, int | None]


@dataclass(frozen=True)
class Said:
    """What one VEN is to be told beside the event's start: until when, and for which of its resources.

    `resources` is empty where all of them are asked.
    """

    end: datetime
    resources: tuple[str, ...]


@dataclass
class _OwnAnswers:
    """What VENs said no to themselves: the whole event, or some of their resources."""

    whole: set[int] = field(default_factory=set)
    parts: set[tuple[int, str]] = field(default_factory=set)

    def has(self, ven_id: int, resource: str) -> bool:
        """Whether this VEN itself said no for the resource."""
        return ven_id in self.whole or (ven_id, resource) in self.parts


def due_of(start: datetime, end: datetime, now: datetime) -> datetime:
    """Until when a VEN must have acknowledged what it is told now, before it is reported as out of reach.

    Half the notice, but at least five minutes and at most six hours, and the start at the latest. What it is told
    of a running event is due within five minutes, and before the end.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    >>> due = lambda hours: due_of(noon + hours * timedelta(hours=1), noon + timedelta(days=9), noon)
    >>> [f"{due(hours):%H:%M}" for hours in (24, 4, 0.1, 0.05, -1)]
    ['18:00', '14:00', '12:05', '12:03', '12:05']
    """
    notice = start - now
    if notice <= timedelta(0):
        return min(now + SHORTEST, end)
    return now + min(max(notice / 2, SHORTEST), notice, LONGEST)


def to_tell(event: Event, ven_ids: Collection[int] | None, known: Collection[EventDelivery]) -> dict[int, Said]:
    """VEN -> what it is to be told, of these VENs or all; who is not in it is to be told nothing.

    A VEN hears of an event by its resources on meters that are asked and have not skipped it; with an owner, only of
    those that the owner holds at the start. What a VEN itself said no to it goes on hearing of, as it may change its
    mind; what others said no to for the meter, it does not.
    """
    resources = _open_resources(event, ven_ids)
    parts = _parts(event, None if ven_ids is None else {meter_id for *_rest, meter_id in resources})
    own = _own_answers(event, known)
    asked: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    total: dict[int, int] = defaultdict(int)
    holders = _holders(event, resources)
    for ven_id, owner_id, name, meter_id in resources:
        total[ven_id] += 1
        part = parts.get(meter_id) if meter_id is not None else None
        if part is not None and speaks_for(owner_id, meter_id, holders) and _is_asked(part, ven_id, name, own):
            asked[ven_id].append((name, _end_of(part, event)))
    return {
        ven_id: Said(max(end for _name, end in rows), _names(rows, total[ven_id])) for ven_id, rows in asked.items()
    }


def speaks_for(owner_id: int | None, meter_id: int | None, holders: Mapping[int, int]) -> bool:
    """Whether a VEN of this owner, or the distributor's own, is behind the meter when the event starts.

    Args:
        holders: meter -> who holds it then.
    """
    return owner_id is None or (meter_id is not None and owner_id == holders.get(meter_id))


def _holders(event: Event, resources: Iterable[_Resource]) -> dict[int, int]:
    """Meter -> who holds it when the event starts, of these resources as far as their VENs have owners."""
    meters = {
        meter_id for _ven, owner_id, _name, meter_id in resources if owner_id is not None and meter_id is not None
    }
    return holders_at(meter_ids=meters, at=event.start) if meters else {}


def _parts(event: Event, meter_ids: Collection[int | None] | None) -> dict[int, Participation]:
    """Meter -> its participation, of these meters or all."""
    rows = Participation.objects.filter(event=event)
    if meter_ids is not None:
        rows = rows.filter(meter__in=[pk for pk in meter_ids if pk is not None])
    return {row.meter_id: row for row in rows}


def _own_answers(event: Event, known: Collection[EventDelivery]) -> _OwnAnswers:
    own = _OwnAnswers({row.ven_id for row in known if row.opt == Opt.OUT and not row.is_cancelled})
    rows = VenOpt.objects.filter(delivery__event=event, opt_type=Opt.OUT, ended_at=None)
    for ven_id, resources in rows.values_list("ven_id", "resources"):
        own.parts |= {(ven_id, name) for name in resources}
    return own


def _open_resources(event: Event, ven_ids: Collection[int] | None) -> list[_Resource]:
    """VEN, its owner, resource and meter: all resources of each VEN that has one on a meter of the event.

    A VEN that said at its registration that it only reports hears of no event.
    """
    meters = Participation.objects.filter(event=event).values("meter")
    there = Resource.objects.filter(ended_at=None, meter__in=meters)
    if ven_ids is not None:
        there = there.filter(ven__in=ven_ids)
    rows = Resource.objects.filter(allowed("ven__"), ended_at=None, ven__in=there.values("ven"))
    columns = ("ven_id", "ven__owner_id", "name", "meter_id", "ven__said__is_report_only")
    return [row[:4] for row in rows.order_by("ven", "name").values_list(*columns) if not row[4]]


def _is_asked(part: Participation, ven_id: int, name: str, own: _OwnAnswers) -> bool:
    if part.state not in NOT_COUNTED:
        return True
    by_device = part.state == ParticipationState.OPTED_OUT and part.answer_source == AnswerSource.DEVICE
    return by_device and own.has(ven_id, name)


def _end_of(part: Participation, event: Event) -> datetime:
    return min(part.until or event.end, event.end)


def _names(rows: Collection[tuple[str, datetime]], total: int) -> tuple[str, ...]:
    return () if len(rows) == total else tuple(name for name, _end in rows)


def parts_behind(event: Event, names: Mapping[int, Collection[str]]) -> list[tuple[int, Participation]]:
    """VEN and participation, of what these VENs speak for in an event.

    Args:
        names: VEN -> which of its resources; empty for all of them.
    """
    rows = Resource.objects.filter(Q(ended_at=None), ven__in=names, meter__isnull=False)
    found = list(rows.values_list("ven_id", "ven__owner_id", "name", "meter_id"))
    parts, holders = _parts(event, {meter_id for *_rest, meter_id in found}), _holders(event, found)
    return [
        (ven_id, parts[meter_id])
        for ven_id, owner_id, name, meter_id in found
        if meter_id in parts
        and speaks_for(owner_id, meter_id, holders)
        and (not names[ven_id] or name in names[ven_id])
    ]
