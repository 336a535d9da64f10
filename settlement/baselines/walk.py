"""The walk back from the event: which days enter a meter's pool, and why each other one does not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction

from settlement.baselines.errors import HistoryNotLoaded
from settlement.baselines.model import (
    OUTCOME_OF_EXCLUSION,
    DayOutcome,
    DayTrace,
    Exclusion,
    Flag,
    MeterHistory,
    Reading,
)
from settlement.baselines.plan import Groups, Plan, PlannedDay

Values = tuple[int | Fraction | None, ...]
READ = frozenset(
    {
        DayOutcome.USED,
        DayOutcome.KEPT,
        DayOutcome.NOT_SELECTED,
        DayOutcome.MISSING_READINGS,
        DayOutcome.TOO_MANY_ESTIMATES,
        DayOutcome.LOW_USAGE,
    }
)


@dataclass(frozen=True)
class PoolDay:
    """One day of the pool.

    Attributes:
        slots, window: Wh per slot of the event and of the adjustment window; None in a skipped hour.
        mean_wh: mean of the slots that the day has.
    """

    day: date
    slots: Values
    window: Values
    mean_wh: Fraction
    event_day: bool = False


@dataclass
class Walk:
    """The pool, most recent first, and what became of every visited day."""

    pool: list[PoolDay] = field(default_factory=list)
    refused: dict[date, DayOutcome] = field(default_factory=dict)
    flags: set[Flag] = field(default_factory=set)


def walk_back(plan: Plan, history: MeterHistory) -> Walk:
    """The meter's pool of days before the event.

    Days of low usage are found against the mean of the pool they are in, and the pool is then filled again,
    until none is left; so the result does not depend on the order in which they are met.

    Raises:
        HistoryNotLoaded: if the walk needs a day older than `history.loaded_from`.
    """
    low: frozenset[date] = frozenset()
    while True:
        walk = _walk(plan, history, low)
        found = _low_days(walk.pool, plan.preset.low_usage_share)
        if not found:
            break
        low |= found
    if len(walk.pool) < plan.rule.minimum and plan.preset.event_days_fallback:
        _take_event_days(plan, history, walk)
    if len(walk.pool) < plan.rule.pool:
        walk.flags.add(Flag.POOL_SHORT)
    return walk


def _walk(plan: Plan, history: MeterHistory, low: frozenset[date]) -> Walk:
    walk = Walk()
    for planned in plan.days:
        if len(walk.pool) == plan.rule.pool:
            break
        if planned.age > plan.preset.days_back and Flag.LOOKBACK_EXTENDED not in walk.flags:
            if len(walk.pool) >= plan.rule.minimum:
                break
            walk.flags.add(Flag.LOOKBACK_EXTENDED)
        found = DayOutcome.LOW_USAGE if planned.day in low else _judge(plan, planned, history)
        if isinstance(found, PoolDay):
            walk.pool.append(found)
        else:
            walk.refused[planned.day] = found
    return walk


def _judge(plan: Plan, planned: PlannedDay, history: MeterHistory) -> PoolDay | DayOutcome:
    if planned.refused is not None:
        return planned.refused
    exclusion = exclusion_of(planned, history.excluded)
    return OUTCOME_OF_EXCLUSION[exclusion] if exclusion else _read_day(plan, planned, history)


def exclusion_of(planned: PlannedDay, excluded: Mapping[date, Exclusion]) -> Exclusion | None:
    """The strongest reason that spoils the day, None if there is none."""
    strength = list(Exclusion)
    found = [excluded[day] for day in planned.touched if day in excluded]
    return max(found, key=strength.index, default=None)


def _read_day(plan: Plan, planned: PlannedDay, history: MeterHistory) -> PoolDay | DayOutcome:
    if history.loaded_from is not None and planned.touched[0] < history.loaded_from:
        raise HistoryNotLoaded(f"The readings of {planned.touched[0].isoformat()} are needed as well.")
    most = plan.preset.estimated_share
    slots = read_groups(planned.slots, history.readings, most)
    window = read_groups(planned.window, history.readings, most)
    if isinstance(slots, DayOutcome) or isinstance(window, DayOutcome):
        missing = DayOutcome.MISSING_READINGS in (slots, window)
        return DayOutcome.MISSING_READINGS if missing else DayOutcome.TOO_MANY_ESTIMATES
    present = [value for value in slots if value is not None]
    return PoolDay(planned.day, slots, window, Fraction(sum(present)) / len(present))


def read_groups(groups: Groups, readings: Mapping[datetime, Reading], most_estimated: Fraction) -> Values | DayOutcome:
    """The Wh of each clock slot, a repeated one averaged; or why the day cannot be used."""
    found = [[readings.get(start) for start in group] for group in groups]
    flat = [reading for group in found for reading in group]
    if None in flat:
        return DayOutcome.MISSING_READINGS
    estimated = sum(1 for reading in flat if reading is not None and reading[1])
    if estimated > most_estimated * len(flat):
        return DayOutcome.TOO_MANY_ESTIMATES
    return tuple(_mean([reading[0] for reading in group if reading is not None]) for group in found)


def _mean(energies: list[int]) -> int | Fraction | None:
    if len(energies) == 1:
        return energies[0]
    return Fraction(sum(energies), len(energies)) if energies else None


def _low_days(pool: list[PoolDay], share: Fraction | None) -> frozenset[date]:
    if share is None or not pool:
        return frozenset()
    bar = share * sum(day.mean_wh for day in pool) / len(pool)
    # Where the pool feeds the grid on the whole, a share of its mean says nothing about use.
    return frozenset(day.day for day in pool if day.mean_wh < bar) if bar > 0 else frozenset()


def _take_event_days(plan: Plan, history: MeterHistory, walk: Walk) -> None:
    """Fill the pool up to the minimum with the event days of highest use."""
    event_days = [day for day in plan.days if walk.refused.get(day.day) is DayOutcome.EVENT_DAY]
    read = [_read_day(plan, planned, history) for planned in event_days]
    usable = sorted((day for day in read if isinstance(day, PoolDay)), key=highest_first)
    if len(walk.pool) + len(usable) < plan.rule.minimum:
        return
    taken = usable[: plan.rule.minimum - len(walk.pool)]
    for day in taken:
        del walk.refused[day.day]
        walk.pool.append(PoolDay(day.day, day.slots, day.window, day.mean_wh, event_day=True))
    walk.pool.sort(key=lambda day: day.day, reverse=True)
    walk.flags.add(Flag.EVENT_DAYS_TAKEN)


def highest_first(day: PoolDay) -> tuple[Fraction, int]:
    """The sort key of a ranking: more energy first, on a tie the more recent day."""
    return -day.mean_wh, -day.day.toordinal()


def looked_at(plan: Plan, days: Sequence[DayTrace]) -> list[datetime]:
    """The starts of all readings that a walk with this outcome looked at, whatever it found there."""
    outcomes = {trace.day: trace.outcome for trace in days}
    ordinary = Counter(trace.kept and not trace.event_day for trace in days)[True]
    # Days of events are looked at only for want of others.
    wanting = ordinary < plan.rule.minimum and plan.preset.event_days_fallback
    read = READ | {DayOutcome.EVENT_DAY} if wanting else READ
    return plan.reading_starts(
        [planned for planned in plan.days if planned.refused is None and outcomes.get(planned.day) in read]
    )
