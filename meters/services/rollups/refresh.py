"""Makes the sums again that marks name, in short transactions, one worker per distributor at a time."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection, transaction

from common.retry import retried
from meters.models import RollupMark, ScopeKind, ScopeMark, ScopeState
from meters.services.rollups.few_hours import FewHours, few_hours, read_few_hours
from meters.services.rollups.holdings import members_of_groups
from meters.services.rollups.marks import Mark, mark_spans
from meters.services.rollups.readings import read_patch
from meters.services.rollups.tables import DAYS, HOURS, Difference, fetch_few, seconds
from meters.services.rollups.totals import add_up, apply_differences, mark_scope, spans_waiting
from meters.services.rollups.work import Clock, Work, clocks_of
from organizations.models import Distributor

# Marks looked at in one transaction.
_MARKS = 5_000
_RUNS_PER_STATEMENT = 200


def slots_per_step() -> int:
    """How many readings, or hours, one transaction reads: SQLite has one writer, whom the others wait for."""
    return 40_000 if connection.vendor == "sqlite" else 200_000


@dataclass
class RefreshResult:
    """What was made again.

    Attributes:
        steps: transactions.
        hours, days: rows of meters that were written or deleted.
        scope_hours: rows of scopes that were added up anew (not those that differences were added to).
        is_done: whether nothing was left; not so at the limit of steps, or where another worker is at it.
    """

    steps: int = 0
    hours: int = 0
    days: int = 0
    scope_hours: int = 0
    is_done: bool = False


def refresh_rollups(*, distributor: Distributor | None = None, limit: int = 1_000_000) -> RefreshResult:
    """Makes all sums again that are marked, of one distributor or of each, in at most `limit` transactions.

    Marks go in the transaction in which their sums are written, and what is changed after its readings were
    read has a mark of its own: nothing is lost when the process dies. A second call for the same distributor
    goes away at once.
    """
    result = RefreshResult(is_done=True)
    for distributor_id in [distributor.pk] if distributor else distributors_waiting():
        _refresh(distributor_id, result, limit)
    return result


def distributors_waiting() -> list[int]:
    """Ids of the distributors with marks."""
    waiting = {*RollupMark.objects.values_list("distributor_id", flat=True).distinct()}
    return sorted(waiting | {*ScopeMark.objects.values_list("distributor_id", flat=True).distinct()})


def waiting_since() -> datetime | None:
    """Since when something waits to be made again; None if nothing does."""
    oldest = [
        model.objects.order_by("pk").values_list("marked_at", flat=True).first() for model in (RollupMark, ScopeMark)
    ]
    return min((each for each in oldest if each is not None), default=None)


def _refresh(distributor_id: int, result: RefreshResult, limit: int) -> None:
    ScopeState.objects.get_or_create(kind=ScopeKind.DISTRIBUTOR, scope_id=distributor_id)
    for step in (_meter_step, _scope_step):
        while True:
            began = time.perf_counter()
            if result.steps >= limit or (more := step(distributor_id, result)) is None:
                result.is_done = False
                return
            if not more:
                break
            result.steps += 1
            _let_others_write(time.perf_counter() - began)


def _let_others_write(seconds: float) -> None:
    """On SQLite, whose writers ask again and again, the next step would come before all who wait."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(min(seconds, 0.1))


@contextmanager
def turn(distributor_id: int, *, waits: bool = False) -> Iterator[bool]:
    """A transaction; whether the distributor's sums are ours to make in it, or another worker is at it."""
    with transaction.atomic():
        own = ScopeState.objects.filter(kind=ScopeKind.DISTRIBUTOR, scope_id=distributor_id)
        yield own.select_for_update(skip_locked=not waits).first() is not None


@retried
def _meter_step(distributor_id: int, result: RefreshResult) -> bool | None:
    """Whether there was something to make again; None where another worker is at it."""
    with turn(distributor_id) as is_ours:
        if not is_ours:
            return None
        marks = _marks(distributor_id)
        if not marks:
            return False
        clocks = clocks_of({mark.meter_id for mark in marks}, distributor_id)
        few, others = _shared_out(marks, clocks)
        work = Work.of(others, clocks, slots_per_step() - sum(each.slots for each in few))
        changes = list(_changes(few, work, distributor_id))
        apply_differences([hours for hours, _days in changes], distributor_id=distributor_id)
        _delete(RollupMark, [mark.pk for mark in work.done] + [mark.pk for each in few for mark in each.marks])
        mark_spans(distributor_id=distributor_id, spans=[mark[1:] for mark in work.left])
    result.hours += sum(len(hours) for hours, _days in changes)
    result.days += sum(len(days) for _hours, days in changes)
    return True


def _marks(distributor_id: int) -> list[Mark]:
    """The oldest ones."""
    part = f"distributor_id = {int(distributor_id)} ORDER BY id LIMIT {_MARKS}"
    source = f"(SELECT id, meter_id, start, end FROM {RollupMark._meta.db_table} WHERE {part}) AS oldest"  # noqa: S608
    rows = fetch_few(source, ["id", "meter_id", seconds("start"), seconds("end")], "1 = 1")
    return [Mark(*row) for row in rows.tolist()]


def _shared_out(marks: Sequence[Mark], clocks: Mapping[int, Clock]) -> tuple[list[FewHours], list[Mark]]:
    """What asks for a few hours, as much of it as fits into one transaction, and the marks that ask for days."""
    slots = slots_per_step()
    fitting = [few for few in few_hours(marks, clocks) if few.slots <= slots]
    taken = {mark.pk for few in fitting for mark in few.marks}
    together = itertools.accumulate(few.slots for few in fitting)
    chosen = [few for few, so_far in zip(fitting, together, strict=True) if so_far <= slots]
    return chosen, [mark for mark in marks if mark.pk not in taken]


def _changes(few: Sequence[FewHours], work: Work, distributor_id: int) -> Iterator[tuple[Difference, Difference]]:
    """What is stored of hours and days: one after the other, as what one has written is no difference for the next."""
    patches = []
    for each in few:
        hours, days, again = read_few_hours(each, distributor_id=distributor_id)
        yield _store(hours, days)
        patches += [again] if again else []
    for patch in [*patches, *work.patches]:
        yield _store(*read_patch(patch, distributor_id=distributor_id))


def _store(hours: Difference, days: Difference) -> tuple[Difference, Difference]:
    HOURS.apply(hours)
    DAYS.apply(days)
    return hours, days


@retried
def _scope_step(distributor_id: int, result: RefreshResult) -> bool | None:
    """Whether some scope had to be added up anew; None where another worker is at it."""
    with turn(distributor_id) as is_ours:
        if not is_ours:
            return None
        marks = list(ScopeMark.objects.filter(distributor_id=distributor_id).order_by("pk")[:_MARKS])
        if not marks:
            return False
        # After the marks: a group that changes from here on leaves another one.
        groups = members_of_groups(distributor_id)
        waiting = spans_waiting(marks, groups)
        changed, left = add_up(waiting, groups=groups, distributor_id=distributor_id, rows=slots_per_step())
        _delete(ScopeMark, [mark.pk for mark in marks])
        for scope, span in left:
            mark_scope(distributor_id=distributor_id, scope=scope, span=span)
    result.scope_hours += changed
    return True


def _delete(model: type[RollupMark] | type[ScopeMark], ids: Sequence[int]) -> None:
    """Deletes these marks, numbers in a row by their ends: what is not in the list is not between any two of it."""
    numbers = np.array(sorted(ids), np.int64)
    firsts = np.flatnonzero(np.diff(numbers, prepend=-1) != 1)
    runs = [f"id BETWEEN {part[0]} AND {part[-1]}" for part in np.split(numbers, firsts[1:]) if len(part)]
    for first in range(0, len(runs), _RUNS_PER_STATEMENT):
        condition = " OR ".join(runs[first : first + _RUNS_PER_STATEMENT])
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE {condition}")  # noqa: S608  # own text
