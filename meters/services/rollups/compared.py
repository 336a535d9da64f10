"""Readings against their forecast, from sums by hour wherever an hour counts as a whole, else from the readings."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from accounts.models import User
from meters.models import Meter, MeterMap, RollupMark, ScopeKind
from meters.selectors import BelowForecast
from meters.services.rollups.spans import ALWAYS, HOUR, Span, merged
from meters.services.rollups.tables import HOURS, SCOPES, between, fetch, id_lists, second_of
from organizations.access import Role, holder_id_of, role_of

_READINGS = "meters_intervalreading"
_OF_HOURS = "SUM(predicted_slots), SUM(saving_slots), SUM(saving_wh), SUM(predicted_wh) - SUM(compared_wh)"
_OF_READINGS = "COUNT(*), SUM(predicted_wh > energy_wh), SUM(saving_wh), SUM(predicted_wh) - SUM(energy_wh)"
# More meters than these whose sums are being made again are seen as they were a few seconds ago.
_MARKED = 500

Parts = dict[Span, list[int]]
"""Meters by the span of which they are asked."""


def compared_by_hours(
    *, user: User, meter_ids: Collection[int], start: datetime, end: datetime
) -> dict[int, BelowForecast]:
    """Meter id -> its figures in [start, end), of the times that were the user's; without any forecast left out.

    The same numbers as `below_forecast` of the readings that are `visible_to` the user, at any moment: of hours
    that are not the user's as a whole, and of meters whose sums are being made again, the readings are read.
    """
    return _figures(_spans(user, sorted(meter_ids), Span(second_of(start), second_of(end))))


def compared_of_meters(*, meter_ids: Collection[int], start: datetime, end: datetime) -> dict[int, BelowForecast]:
    """The same of all the time, for callers that show what their reader may see whole."""
    whole = Span(second_of(start), second_of(end))
    return _figures({meter_id: [whole] for meter_id in sorted(meter_ids)})


def _figures(spans: Mapping[int, list[Span]]) -> dict[int, BelowForecast]:
    if not spans:
        return {}
    # Before the sums: what is made in between is read from the readings, never left out.
    hours, edges = _split(spans, _marked())
    figures: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for rows in (_of_hours(hours), _of_readings(edges)):
        for meter_id, *sums in rows:
            figures[meter_id] = [one + other for one, other in zip(figures[meter_id], sums, strict=True)]
    return {meter_id: BelowForecast(*sums) for meter_id, sums in figures.items() if sums[0]}


def compared_in_scope(*, kind: ScopeKind, scope_id: int, start: datetime) -> BelowForecast:
    """The figures of an organization, a group, a feeder or a distributor from the hour of `start` on. One query."""
    low = second_of(start) // HOUR * HOUR
    condition = f"kind = {int(kind)} AND scope_id = {int(scope_id)} AND {between(low, ALWAYS[1])}"
    (row,) = fetch(f"SELECT {_whole(_OF_HOURS)} FROM {SCOPES.name} WHERE {condition}", 4).tolist()  # noqa: S608  # own text
    return BelowForecast(*row)


def _spans(user: User, meter_ids: Sequence[int], whole: Span) -> dict[int, list[Span]]:
    """The times of each meter that are the user's."""
    role = role_of(user)
    if role is Role.PLATFORM or role.is_staff:
        return {meter_id: [whole] for meter_id in _own(user, role, meter_ids)}
    if role in (Role.PENDING, Role.ANONYMOUS):
        return {}
    found: dict[int, list[Span]] = defaultdict(list)
    maps = MeterMap.objects.filter(meter__in=meter_ids, entity_id=holder_id_of(user))
    for meter_id, held_from, held_to in maps.values_list("meter_id", "valid_from", "valid_to"):
        last = whole.end if held_to is None else min(second_of(held_to), whole.end)
        first = max(second_of(held_from), whole.start)
        if first < last:
            found[meter_id].append(Span(first, last))
    return {meter_id: merged(spans) for meter_id, spans in found.items()}


def _own(user: User, role: Role, meter_ids: Sequence[int]) -> Collection[int]:
    if role is Role.PLATFORM:
        return meter_ids
    own = Meter.objects.filter(distributor=user.distributor_id, pk__in=meter_ids)
    return list(own.order_by("pk").values_list("pk", flat=True))


def _marked() -> set[int]:
    """Meters whose sums are being made again, unless there are very many."""
    marked = set(RollupMark.objects.order_by("pk").values_list("meter_id", flat=True)[: _MARKED + 1])
    return marked if len(marked) <= _MARKED else set()


def _split(spans: Mapping[int, list[Span]], marked: set[int]) -> tuple[Parts, Parts]:
    """Whole hours, and what is left of the spans."""
    hours: Parts = defaultdict(list)
    edges: Parts = defaultdict(list)
    for meter_id, own in spans.items():
        for span in own:
            inner = Span(-(-span.start // HOUR) * HOUR, span.end // HOUR * HOUR)
            if meter_id in marked or inner.start >= inner.end:
                edges[span].append(meter_id)
                continue
            hours[inner].append(meter_id)
            for edge in (Span(span.start, inner.start), Span(inner.end, span.end)):
                if edge.start < edge.end:
                    edges[edge].append(meter_id)
    return hours, edges


def _of_hours(parts: Parts) -> Iterator[list[int]]:
    yield from _rows(HOURS.name, _OF_HOURS, parts, "predicted_slots > 0")


def _of_readings(parts: Parts) -> Iterator[list[int]]:
    yield from _rows(_READINGS, _OF_READINGS, parts, "predicted_wh IS NOT NULL")


def _rows(table: str, sums: str, parts: Parts, has: str) -> Iterator[list[int]]:
    for span, meters in parts.items():
        for ids in id_lists(meters):
            condition = f"meter_id IN ({ids}) AND {between(*span)} AND {has}"
            query = f"SELECT meter_id, {_whole(sums)} FROM {table} WHERE {condition} GROUP BY meter_id"  # noqa: S608  # own text
            yield from fetch(query, 5).tolist()


def _whole(sums: str) -> str:
    """The sums as whole numbers: MariaDB's are decimals, which cost the driver more than the sum."""
    return ", ".join(f"CAST(COALESCE({each}, 0) AS INTEGER)" for each in sums.split(", "))
