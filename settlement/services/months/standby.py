"""Who stood by in a month: which meter for whom, from when to when, with which promise and at which price.

Read from dated rows alone: enrollments, holders, nominations and published terms. Whoever pauses now, or whose row was
taken over by the next holder, left no dates; that is why a month that was posted keeps what was read for it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from django.db.models import Q

from accounts.models import Kind
from common.intervals import day_bounds
from events.models import Enrollment, Nomination, Program, ProgramVersion
from events.nominations import ALWAYS, Stint
from meters.models import MeterMap

CHUNK = 500


@dataclass(frozen=True)
class Stood:
    """A part of a month in which a meter stood by for a holder, under one promise and one price."""

    meter_id: int
    holder_id: int
    start: datetime
    end: datetime
    kw: Decimal
    price: Decimal


@dataclass(frozen=True)
class _Dated:
    """A value that is in force over [start, end); None is no bound."""

    start: datetime
    end: datetime | None
    value: int | Decimal


def stood_by(*, program: Program, start: datetime, end: datetime) -> list[Stood]:
    """Every part of [start, end) in which an enrolled meter stood by, by meter and time. A few queries per 500 meters.

    A meter stands by while it is enrolled and in service, somebody has it, kW are promised, the terms in force pay for
    it, and their season lasts.
    """
    prices = _prices(program, start, end)
    if not any(price.value for price in prices):
        return []
    spans = _spans(program, start, end)
    found: list[Stood] = []
    ids = sorted(spans)
    for first in range(0, len(ids), CHUNK):
        some = ids[first : first + CHUNK]
        holders, promises = _holders(some, end), _promises(program, some, end)
        for meter_id in some:
            found += _parts(meter_id, spans[meter_id], holders.get(meter_id, []), promises.get(meter_id, []), prices)
    return found


def _spans(program: Program, start: datetime, end: datetime) -> dict[int, tuple[datetime, datetime]]:
    """Meter id -> when it was enrolled and in service, within the bounds."""
    still = Q(ended_at__isnull=True) | Q(ended_at__gt=start)
    rows = Enrollment.objects.taking_part().filter(still, program=program, enrolled_at__lt=end)
    found = {}
    for meter_id, since, until, retired in rows.values_list("meter", "enrolled_at", "ended_at", "meter__retired_at"):
        span = max(since, start), min(filter(None, (until, retired, end)))
        if span[0] < span[1]:
            found[meter_id] = span
    return found


def _holders(ids: list[int], end: datetime) -> dict[int, list[_Dated]]:
    """Meter id -> who had it when; a later one in the list comes before an earlier one, as in `holders_at`."""
    rows = MeterMap.objects.filter(meter__in=ids, valid_from__lt=end)
    found: dict[int, list[_Dated]] = defaultdict(list)
    ordered = rows.exclude(holder_kind=Kind.DISTRIBUTOR).order_by("holder_kind", "valid_from", "id")
    for meter_id, entity_id, since, until in ordered.values_list("meter", "entity", "valid_from", "valid_to"):
        found[meter_id].append(_Dated(since, until, entity_id))
    return found


def _promises(program: Program, ids: list[int], end: datetime) -> dict[int, list[_Dated]]:
    rows = Nomination.objects.filter(enrollment__program=program, enrollment__meter__in=ids, valid_from__lt=end)
    found: dict[int, list[_Dated]] = defaultdict(list)
    for meter_id, since, kw in rows.order_by("valid_from", "id").values_list("enrollment__meter", "valid_from", "kw"):
        found[meter_id].append(_Dated(since, None, kw))
    return found


def _prices(program: Program, start: datetime, end: datetime) -> list[_Dated]:
    """The price of each published version while it was in force and its season lasted; else nothing."""
    versions = list(program.versions.published().filter(published_at__lt=end).order_by("number"))
    moments = [*(version.published_at or start for version in versions), end]
    found = []
    for version, (since, until) in zip(versions, pairwise(moments), strict=True):
        first, last = _season(version, program, start, end)
        if max(since, first) < min(until, last):
            found.append(_Dated(max(since, first), min(until, last), version.capacity_per_kw_month))
    return found


def _season(version: ProgramVersion, program: Program, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    first = day_bounds(version.season_start, program.zone)[0] if version.season_start else start
    last = day_bounds(version.season_end, program.zone)[1] if version.season_end else end
    return max(first, start), min(last, end)


def _parts(
    meter_id: int,
    span: tuple[datetime, datetime],
    holders: list[_Dated],
    promises: list[_Dated],
    prices: list[_Dated],
) -> Iterator[Stood]:
    """The meter's time cut wherever anything changes; parts that say the same are one."""
    last: Stood | None = None
    for start, end in pairwise(_cuts(span, (*holders, *promises, *prices))):
        holder, price = _at(holders, start), _at(prices, start)
        own = [each for each in promises if holder is None or each.start in _stint(holders, holder, start)]
        promise = _at(own, start)
        if holder is None or not price or not promise or not promise.value or not price.value:
            continue
        part = Stood(meter_id, int(holder.value), start, end, Decimal(promise.value), Decimal(price.value))
        if last is not None and _is_next(last, part):
            last = Stood(meter_id, last.holder_id, last.start, end, last.kw, last.price)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def _is_next(last: Stood, part: Stood) -> bool:
    same = (last.holder_id, last.kw, last.price) == (part.holder_id, part.kw, part.price)
    return same and last.end == part.start


def _stint(holders: list[_Dated], holder: _Dated, at: datetime) -> Stint:
    """What was promised while somebody else had the meter binds nobody."""
    left = [each.end for each in holders if each.value != holder.value and each.end is not None and each.end <= at]
    return Stint(max(left)) if left else ALWAYS


def _cuts(span: tuple[datetime, datetime], dated: Iterable[_Dated]) -> list[datetime]:
    start, end = span
    moments = {moment for each in dated for moment in (each.start, each.end) if moment and start < moment < end}
    return sorted({start, end} | moments)


def _at(dated: list[_Dated], at: datetime) -> _Dated | None:
    """The last one of the list that is in force."""
    found = None
    for each in dated:
        if each.start <= at and (each.end is None or at < each.end):
            found = each
    return found
