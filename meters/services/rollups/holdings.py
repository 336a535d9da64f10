"""Which hours of which meters count for which organization, group, feeder and distributor."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet

from accounts.models import Kind
from meters.models import Meter, MeterMap, ScopeKind
from meters.services.cells import times_of
from meters.services.columns import Integers, integers
from meters.services.rollups.scopes import Scope
from meters.services.rollups.spans import ALWAYS, Dates, Span, whole_hours
from meters.services.rollups.tables import IDS_PER_STATEMENT, id_lists, ids_by
from organizations.models import GroupMember

_ALWAYS = Span(*ALWAYS)


@dataclass(frozen=True)
class Holdings:
    """A row per meter, scope and span: `scopes[places]` counts the hours [starts, ends) of `meter_ids`."""

    scopes: Sequence[Scope]
    places: Integers
    meter_ids: Integers
    starts: Integers
    ends: Integers


def members_of_groups(distributor_id: int) -> dict[int, set[int]]:
    """Organization id -> its groups."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = GroupMember.objects.filter(group__distributor_id=distributor_id)
    for organization_id, group_id in rows.values_list("organization_id", "group_id"):
        found[organization_id].add(group_id)
    return found


def holdings_of(*, distributor_id: int, meter_ids: Sequence[int], span: Span, groups: dict[int, set[int]]) -> Holdings:
    """Everything that counts hours of these meters within a span. Two or three queries per few hundred meters."""
    whole: dict[Scope, list[Integers]] = defaultdict(list)
    shared: set[int] = set()
    for ids in id_lists(meter_ids):
        for (feeder_id,), meters in ids_by(["feeder_id"], "id", "meters_meter", f"id IN ({ids})"):
            whole[ScopeKind.DISTRIBUTOR.value, distributor_id].append(meters)
            if feeder_id is not None:
                whole[ScopeKind.FEEDER.value, feeder_id].append(meters)
        for (holder_id, is_all), meters in _maps(ids, span):
            if is_all:
                whole[ScopeKind.ORGANIZATION.value, holder_id].append(meters)
                for group_id in groups.get(holder_id, ()):
                    whole[ScopeKind.GROUP.value, group_id].append(meters)
            else:
                shared.update(meters.tolist())
    # Of several organizations of a group that hold a meter, each names it.
    always = {scope: np.unique(np.concatenate(parts)) for scope, parts in whole.items()}
    return _joined(always, list(_partly(sorted(shared), groups, always)))


def _maps(ids: str, span: Span) -> Iterable[tuple[tuple[int, int], Integers]]:
    """((organization, whether all of the span is its), meters) of the maps that lie in some of the span."""
    low, high = times_of(np.array(span))
    is_all = f"(valid_from <= '{low}' AND COALESCE(valid_to >= '{high}', 1))"
    held = f"holder_kind = '{Kind.ORGANIZATION.value}' AND valid_from < '{high}' AND COALESCE(valid_to > '{low}', 1)"
    return ids_by(["entity_id", is_all], "meter_id", "meters_metermap", f"meter_id IN ({ids}) AND {held}")


def _partly(
    shared: Sequence[int], groups: dict[int, set[int]], always: Mapping[Scope, Integers]
) -> Iterator[tuple[Scope, int, Span]]:
    """The rows of the meters that change hands within the span, but for scopes that hold them throughout."""
    known = {(scope, meter_id) for scope, ids in always.items() if shared for meter_id in ids.tolist()}
    for first in range(0, len(shared), IDS_PER_STATEMENT):
        maps = MeterMap.objects.filter(meter__in=shared[first : first + IDS_PER_STATEMENT])
        yield from (row for row in _held(maps, groups) if row[:2] not in known)


def _joined(always: Mapping[Scope, Integers], rows: Sequence[tuple[Scope, int, Span]]) -> Holdings:
    scopes = sorted({*always, *(scope for scope, _meter, _span in rows)})
    place = {scope: at for at, scope in enumerate(scopes)}
    whole = [
        np.column_stack([np.full(len(ids), place[scope]), ids, np.tile(_ALWAYS, (len(ids), 1))])
        for scope, ids in always.items()
    ]
    partly = integers([number for scope, meter, span in rows for number in (place[scope], meter, *span)])
    places, meter_ids, starts, ends = np.concatenate([*whole, partly.reshape(-1, 4)]).T
    return Holdings(scopes, places, meter_ids, starts, ends)


def _held(maps: QuerySet[MeterMap], groups: dict[int, set[int]]) -> Iterable[tuple[Scope, int, Span]]:
    found: dict[tuple[Scope, int], list[Dates]] = defaultdict(list)
    ours = maps.filter(holder_kind=Kind.ORGANIZATION)
    for meter_id, holder_id, start, end in ours.values_list("meter_id", "entity_id", "valid_from", "valid_to"):
        found[(ScopeKind.ORGANIZATION.value, holder_id), meter_id].append((start, end))
        for group_id in groups.get(holder_id, ()):
            found[(ScopeKind.GROUP.value, group_id), meter_id].append((start, end))
    for (scope, meter_id), held in found.items():
        for span in whole_hours(held):
            yield scope, meter_id, span


def meters_in(scope: Scope, *, groups: dict[int, set[int]]) -> dict[int, list[Span]]:
    """Meter id -> the spans in which its hours count for this scope; empty where the scope is gone."""
    kind, scope_id = scope
    if kind == ScopeKind.DISTRIBUTOR:
        return _always(Meter.objects.filter(distributor_id=scope_id))
    if kind == ScopeKind.FEEDER:
        return _always(Meter.objects.filter(feeder_id=scope_id))
    holders = [scope_id]
    if kind == ScopeKind.GROUP:
        holders = [organization for organization, theirs in groups.items() if scope_id in theirs]
    found: dict[int, list[Dates]] = defaultdict(list)
    maps = MeterMap.objects.filter(entity__in=holders, holder_kind=Kind.ORGANIZATION)
    for meter_id, start, end in maps.values_list("meter_id", "valid_from", "valid_to"):
        found[meter_id].append((start, end))
    return {meter_id: whole_hours(held) for meter_id, held in found.items()}


def _always(meters: QuerySet[Meter]) -> dict[int, list[Span]]:
    return {meter_id: [_ALWAYS] for meter_id in meters.order_by("pk").values_list("pk", flat=True)}


def spread(rows: Integers, holdings: Holdings) -> Integers:
    """Rows of hours, added up by scope and hour.

    Args:
        rows: (n, 2 + k): meter id, start, and k columns that add up; in any order.

    Returns:
        (m, 2 + k): place of the scope in `holdings.scopes`, start, and the sums, sorted by both.
    """
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    keys = _keys(rows[:, 0], rows[:, 1])
    low = np.searchsorted(keys, _keys(holdings.meter_ids, holdings.starts))
    high = np.searchsorted(keys, _keys(holdings.meter_ids, holdings.ends))
    counts = np.maximum(high - low, 0)
    which = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    scopes, starts = np.repeat(holdings.places, counts), rows[which, 1]
    order = np.lexsort((starts, scopes))
    scopes, starts, values = scopes[order], starts[order], rows[which[order], 2:]
    if not len(scopes):
        return np.empty((0, rows.shape[1]), np.int64)
    firsts = np.append(0, np.flatnonzero((np.diff(scopes) != 0) | (np.diff(starts) != 0)) + 1)
    return np.column_stack([scopes[firsts], starts[firsts], np.add.reduceat(values, firsts, axis=0)])


def _keys(meter_ids: Integers, starts: Integers) -> Integers:
    return (meter_ids << 34) | starts
