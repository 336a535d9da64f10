"""Hours of organizations, groups, feeders and distributors: changed by differences, or added up anew."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np
from django.db.models import F
from django.utils import timezone

from meters.models import ScopeKind, ScopeMark, ScopeState
from meters.services.columns import Integers
from meters.services.rollups.holdings import holdings_of, members_of_groups, meters_in, spread
from meters.services.rollups.scopes import Scope
from meters.services.rollups.spans import ALWAYS, HOUR, Span, hours_touched, merged
from meters.services.rollups.tables import (
    HOURS,
    SCOPES,
    SUMS,
    Difference,
    between,
    difference,
    fetch,
    id_lists,
    seconds,
)

_WIDTH = len(SCOPES.columns)
_COUNTS = [SCOPES.columns.index(name) for name in SCOPES.columns if name == "meters" or name.endswith("slots")]
Waiting = dict[Scope, list[Span]]
"""Spans of scopes that are to be added up anew, merged and sorted."""


def apply_differences(changes: Sequence[Difference], *, distributor_id: int) -> set[Scope]:
    """Adds what changed in hours of meters to the scopes that hold them, and says which those are.

    Hours that wait to be added up anew are left out: a difference to what nobody knows says nothing.
    """
    rows = np.concatenate([_signed(change) for change in changes])
    if not len(rows):
        return set()
    groups = members_of_groups(distributor_id)
    span, ids = Span(int(rows[:, 1].min()), int(rows[:, 1].max()) + HOUR), np.unique(rows[:, 0]).tolist()
    holdings = holdings_of(distributor_id=distributor_id, meter_ids=ids, span=span, groups=groups)
    # After the maps: whoever changed one that was read has left a mark by now.
    waiting = spans_waiting(ScopeMark.objects.filter(distributor_id=distributor_id), groups)
    sums = spread(rows, holdings)
    touched = set()
    firsts = np.flatnonzero(np.diff(sums[:, 0], prepend=-1))
    for part in np.split(sums, firsts[1:]) if len(sums) else ():
        scope = holdings.scopes[part[0, 0]]
        part = _outside(part, waiting.get(scope, ()))
        part = part[np.any(part[:, 2:] != 0, axis=1)]
        if len(part) and _add(scope, part, distributor_id):
            touched.add(scope)
    raise_scope_versions(touched)
    return touched


def _signed(change: Difference) -> Integers:
    """Rows that come with 1 meter, rows that go with everything negative, -1 meter too."""
    going = np.concatenate([change.replaced, change.gone])
    rows = np.concatenate([change.written, going])
    sign = np.repeat([1, -1], [len(change.written), len(going)])[:, None]
    return np.column_stack([rows[:, :2], rows[:, 2:] * sign, sign])


def _outside(rows: Integers, spans: Iterable[Span]) -> Integers:
    for start, end in spans:
        rows = rows[(rows[:, 1] < start) | (rows[:, 1] >= end)]
    return rows


def _add(scope: Scope, rows: Integers, distributor_id: int) -> bool:
    """Adds rows (anything, start, sums) to the scope's hours, if what comes out can be."""
    kind, scope_id = scope
    low, high = int(rows[0, 1]), int(rows[-1, 1]) + HOUR
    stored = SCOPES.read(f"kind = {kind} AND scope_id = {scope_id} AND {between(low, high)}")
    place = np.minimum(np.searchsorted(stored[:, 2], rows[:, 1]), max(len(stored) - 1, 0))
    now = np.zeros((len(rows), _WIDTH), np.int64)
    now[:, :3] = np.column_stack([np.full(len(rows), kind), np.full(len(rows), scope_id), rows[:, 1]])
    if len(stored):
        known = stored[place, 2] == rows[:, 1]
        now[known, 3:] = stored[place[known], 3:]
    now[:, 3:] += rows[:, 2:]
    if (now[:, _COUNTS] < 0).any():
        # A map was changed past the portal's own ways: the differences do not fit, the whole is made again.
        mark_scope(distributor_id=distributor_id, scope=scope, span=Span(low, high))
        return False
    SCOPES.delete(now[now[:, -1] == 0][:, :3])
    SCOPES.write(now[now[:, -1] > 0])
    return True


def spans_waiting(marks: Iterable[ScopeMark], groups: dict[int, set[int]]) -> Waiting:
    """The spans that the marks stand for; those of an organization are its groups' too."""
    found: dict[Scope, list[Span]] = defaultdict(list)
    for mark in marks:
        span = hours_touched(mark.start, mark.end)
        found[mark.kind, mark.scope_id].append(span)
        if mark.kind == ScopeKind.ORGANIZATION:
            for group_id in groups.get(mark.scope_id, ()):
                found[ScopeKind.GROUP.value, group_id].append(span)
    return {scope: merged(spans) for scope, spans in found.items()}


def mark_scope(*, distributor_id: int, scope: Scope, span: Span | None = None) -> None:
    """Has the sums of a scope made again over [start, end), or over all time."""
    kind, scope_id = scope
    start, end = (None, None) if span is None else span
    ScopeMark.objects.create(
        distributor_id=distributor_id, kind=kind, scope_id=scope_id, start=_moment(start), end=_moment(end)
    )


def _moment(second: int | None) -> datetime | None:
    if second is None or second in ALWAYS:
        return None
    return datetime.fromtimestamp(second, UTC)


def raise_scope_versions(scopes: Iterable[Scope]) -> None:
    """Tells caches that hours of these scopes have changed."""
    now = timezone.now()
    for kind, scope_id in sorted(scopes):
        found = ScopeState.objects.filter(kind=kind, scope_id=scope_id)
        if not found.update(version=F("version") + 1, refreshed_at=now):
            ScopeState.objects.create(kind=kind, scope_id=scope_id, version=1, refreshed_at=now)


def extent_of(scope: Scope, waiting: Waiting, *, distributor_id: int) -> Span | None:
    """The hours from the first to the last that the scope has or may have; None without any."""
    whole = (ScopeKind.DISTRIBUTOR.value, distributor_id)
    found = [span for each in {scope, whole} for span in _extent(each)]
    found += [span for span in waiting.get(whole, ()) if span.start > ALWAYS[0] and span.end < ALWAYS[1]]
    if not found:
        return None
    return Span(min(span.start for span in found), max(span.end for span in found))


def _extent(scope: Scope) -> Iterable[Span]:
    ends = ", ".join(f"COALESCE({seconds(f'{end}(start)')}, -1)" for end in ("MIN", "MAX"))
    query = f"SELECT {ends} FROM {SCOPES.name} WHERE kind = {scope[0]} AND scope_id = {scope[1]}"  # noqa: S608  # own text
    low, high = fetch(query, 2)[0].tolist()
    if high >= 0:
        yield Span(low, high + HOUR)


def difference_of_scope(scope: Scope, held: dict[int, list[Span]], span: Span) -> Difference:
    """What has to change in the hours of a scope within a span, as they follow from the hours of its meters."""
    kind, scope_id = scope
    parts: dict[Span, list[int]] = defaultdict(list)
    for meter_id, spans in held.items():
        for low, high in spans:
            if low < span.end and high > span.start:
                parts[Span(max(low, span.start), min(high, span.end))].append(meter_id)
    found = [_sum(ids, part) for part, members in parts.items() for ids in id_lists(members)]
    rows = np.concatenate([np.empty((0, 1 + len(SUMS) + 1), np.int64), *found])
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    firsts = np.flatnonzero(np.diff(rows[:, 0], prepend=-1))
    sums = np.add.reduceat(rows[:, 1:], firsts, axis=0) if len(rows) else rows[:, 1:]
    owner = np.tile([kind, scope_id], (len(firsts), 1))
    wanted = np.column_stack([owner, rows[firsts, 0], sums])
    stored = SCOPES.read(f"kind = {kind} AND scope_id = {scope_id} AND {between(*span)}")
    return difference(wanted, stored, key=3)


def _sum(ids: str, span: Span) -> Integers:
    sums = ", ".join(f"CAST(SUM({name}) AS INTEGER)" for name in SUMS)
    query = f"SELECT {seconds('start')}, {sums}, COUNT(*) FROM {HOURS.name} "  # noqa: S608  # own text
    return fetch(f"{query}WHERE meter_id IN ({ids}) AND {between(*span)} GROUP BY start", len(SUMS) + 2)


def add_up(
    waiting: Waiting, *, groups: dict[int, set[int]], distributor_id: int, rows: int
) -> tuple[int, list[tuple[Scope, Span]]]:
    """Adds up the hours of scopes anew, reading about so many rows: how many changed, and what is left to do."""
    changed = 0
    left: list[tuple[Scope, Span]] = []
    for scope, spans in sorted(waiting.items()):
        extent = extent_of(scope, waiting, distributor_id=distributor_id)
        inside = [cut for span in spans if (cut := _cut(span, extent)) is not None]
        if not inside:
            continue
        if rows <= 0:
            left.extend((scope, span) for span in inside)
            continue
        held = meters_in(scope, groups=groups)
        count = 0
        for span in reversed(inside):
            hours = max(rows // (len(held) + 1), 24)
            # The newest first: that is what people look at.
            part = Span(max(span.start, span.end - hours * HOUR), span.end) if rows > 0 else Span(span.end, span.end)
            if part.start > span.start:
                left.append((scope, Span(span.start, part.start)))
            if part.start < part.end:
                count += _make_again(scope, held, part)
                rows -= (part.end - part.start) // HOUR * (len(held) + 1)
        if count:
            raise_scope_versions([scope])
        changed += count
    return changed, left


def _cut(span: Span, extent: Span | None) -> Span | None:
    if extent is None or span.start >= extent.end or span.end <= extent.start:
        return None
    return Span(max(span.start, extent.start), min(span.end, extent.end))


def _make_again(scope: Scope, held: dict[int, list[Span]], span: Span) -> int:
    change = difference_of_scope(scope, held, span)
    SCOPES.apply(change)
    return len(change)
