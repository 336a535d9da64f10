"""All sums from scratch, and whether those that are stored are what would come out."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from meters.models import Feeder, Meter, RollupMark, ScopeKind, ScopeMark
from meters.services.rollups.changes import history_of, mark_clock
from meters.services.rollups.holdings import members_of_groups, meters_in
from meters.services.rollups.marks import Mark
from meters.services.rollups.readings import read_patch
from meters.services.rollups.refresh import refresh_rollups, slots_per_step, turn
from meters.services.rollups.scopes import Scope
from meters.services.rollups.spans import HOUR, Span
from meters.services.rollups.tables import IDS_PER_STATEMENT, second_of
from meters.services.rollups.totals import difference_of_scope, mark_scope, spans_waiting
from meters.services.rollups.work import Work, clocks_of
from organizations.models import Distributor, Organization, OrganizationGroup

Progress = Callable[[int, int], None]
"""Told how much of how much is done."""
_STEPS_BETWEEN_COUNTS = 5


def _silent(done: int, total: int) -> None:
    """Tells nobody."""


def rebuild_rollups(*, distributor: Distributor, progress: Progress = _silent) -> None:
    """Makes every sum of the distributor again, into the rows that are there: readers see no gap.

    It marks everything and refreshes: what is broken off goes on with the next refresh.
    """
    mark_everything(distributor=distributor)
    marks = [RollupMark.objects.filter(distributor=distributor), ScopeMark.objects.filter(distributor=distributor)]
    total = left = sum(each.count() for each in marks)
    while left:
        progress(total - left, max(total, left))
        result = refresh_rollups(distributor=distributor, limit=_STEPS_BETWEEN_COUNTS)
        if not result.steps and not result.is_done:
            time.sleep(0.2)  # another worker makes them
        left = sum(each.count() for each in marks)
    progress(total, total)


@transaction.atomic
def mark_everything(*, distributor: Distributor) -> None:
    """Has every sum of the distributor made again by whoever refreshes next."""
    # Scopes first: until they are added up anew, what changes in the hours need not be added to them.
    span = history_span(distributor)
    for scope in scopes_of(distributor) if span else ():
        mark_scope(distributor_id=distributor.pk, scope=scope, span=span)
    ids = list(Meter.objects.filter(distributor=distributor).order_by("pk").values_list("pk", flat=True))
    mark_clock(distributor_id=distributor.pk, meter_ids=ids)


def scopes_of(distributor: Distributor) -> list[Scope]:
    """Everything of the distributor that has hours."""
    ours = {ScopeKind.ORGANIZATION: Organization, ScopeKind.GROUP: OrganizationGroup, ScopeKind.FEEDER: Feeder}
    found: list[Scope] = [(ScopeKind.DISTRIBUTOR.value, distributor.pk)]
    for kind, model in ours.items():
        ids = model.objects.filter(distributor=distributor).values_list("pk", flat=True)  # type: ignore[attr-defined]  # each of the models has one
        found.extend((kind.value, scope_id) for scope_id in ids)
    return sorted(found)


def history_span(distributor: Distributor) -> Span | None:
    """The whole hours from the first to the last reading or sum of any meter; None without one."""
    ids = list(Meter.objects.filter(distributor=distributor).order_by("pk").values_list("pk", flat=True))
    found = [row for part in _parts(ids) for row in history_of(part)]
    if not found:
        return None
    low, high = min(row[1] for row in found), max(row[2] for row in found)
    return Span(second_of(low) // HOUR * HOUR, -(-second_of(high) // HOUR) * HOUR)


def _parts(ids: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(ids), IDS_PER_STATEMENT):
        yield ids[first : first + IDS_PER_STATEMENT]


@dataclass
class CheckResult:
    """How many rows differ from what would be made; meters and scopes that wait for a refresh are left out."""

    hours: int = 0
    days: int = 0
    scope_hours: int = 0
    waiting: int = 0

    @property
    def differing(self) -> int:
        """All of them."""
        return self.hours + self.days + self.scope_hours


def check_rollups(*, distributor: Distributor, progress: Progress = _silent) -> CheckResult:
    """Compares every sum with what follows from the readings and maps; changes nothing."""
    result = CheckResult()
    ids = list(Meter.objects.filter(distributor=distributor).order_by("pk").values_list("pk", flat=True))
    scopes, span = scopes_of(distributor), history_span(distributor)
    total = len(ids) + len(scopes)
    for number, part in enumerate(_parts(ids)):
        progress(number * IDS_PER_STATEMENT, total)
        for work in _works(distributor.pk, part):
            _check_meters(distributor.pk, work, result)
    for number, scope in enumerate(scopes if span else ()):
        progress(len(ids) + number, total)
        assert span is not None
        _check_scope(distributor.pk, scope, span, result)
    progress(total, total)
    return result


def _works(distributor_id: int, ids: list[int]) -> Iterator[Work]:
    marks = [Mark(0, meter_id, second_of(low), second_of(high)) for meter_id, low, high in history_of(ids)]
    while marks:
        work = Work.of(marks, clocks_of(ids, distributor_id), slots_per_step())
        yield work
        # One per meter.
        done = {mark.meter_id for mark in work.done}
        marks = [mark for mark in marks if mark.meter_id not in done] + work.left


def _check_meters(distributor_id: int, work: Work, result: CheckResult) -> None:
    with turn(distributor_id, waits=True):
        found = [read_patch(patch, distributor_id=distributor_id) for patch in work.patches]
        # After the readings: what came since then has its mark.
        marked = RollupMark.objects.filter(distributor=distributor_id).values_list("meter_id", flat=True)
        waiting = list(set(marked))
    result.waiting = max(result.waiting, len(waiting))
    result.hours += sum(hours.count_without(waiting) for hours, _days in found)
    result.days += sum(days.count_without(waiting) for _hours, days in found)


def _check_scope(distributor_id: int, scope: Scope, span: Span, result: CheckResult) -> None:
    with turn(distributor_id, waits=True):
        groups = members_of_groups(distributor_id)
        held = meters_in(scope, groups=groups)
        hours = max(slots_per_step() // (len(held) + 1), 24) * HOUR
        parts = [Span(low, min(low + hours, span.end)) for low in range(span.start, span.end, hours)]
        count = sum(len(difference_of_scope(scope, held, part)) for part in parts)
        waits = scope in spans_waiting(ScopeMark.objects.filter(Q(distributor=distributor_id)), groups)
    result.waiting += waits
    result.scope_hours += 0 if waits else count
