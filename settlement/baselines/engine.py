"""From a meter's history to its baseline: select, average, adjust, round, measure."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from common.money import half_up
from settlement.baselines.errors import InvalidHistory
from settlement.baselines.model import (
    Baseline,
    BaselineStatus,
    DayOutcome,
    DayTrace,
    Flag,
    MeterHistory,
    Slot,
)
from settlement.baselines.plan import Plan
from settlement.baselines.presets import Adjustment, AdjustmentKind, DayRule, EstimatedSlots, Rounding, Select
from settlement.baselines.walk import PoolDay, Values, Walk, highest_first, read_groups, walk_back

UsedDays = list[tuple[PoolDay, Fraction]]


@dataclass(frozen=True)
class Adjusted:
    """Slots after the same-day adjustment: `raw` and `applied` as in `Baseline`."""

    slots: list[Fraction]
    raw: Fraction | None = None
    applied: Fraction | None = None
    flags: tuple[Flag, ...] = ()


def compute_baseline(plan: Plan, history: MeterHistory, as_of: datetime | None = None) -> Baseline:
    """The meter's baseline for the plan's event, with every visited day and why.

    Args:
        as_of: when the data were looked at; from the event's data deadline on, a missing reading makes the
            event UNMEASURED. Without it, or without a deadline, it stays DATA_PENDING.

    Raises:
        InvalidHistory: if the meter's interval is not the plan's.
        HistoryNotLoaded: if days are needed that the caller has not fetched.
    """
    if history.minutes != plan.minutes:
        raise InvalidHistory(
            f"The plan is for {plan.minutes}-minute intervals, the meter has {history.minutes}-minute ones."
        )
    walk = walk_back(plan, history)
    used = select_days(walk.pool, plan.rule) if len(walk.pool) >= plan.rule.minimum else []
    adjusted, slots = _event_slots(plan, history, used)
    return Baseline(
        preset=plan.preset.name,
        rule_hash=plan.rule_hash,
        event=plan.event,
        minutes=plan.minutes,
        day_type=plan.day_type,
        status=_status(plan, history, slots, as_of),
        days=_trace(walk, used),
        slots=slots,
        adjustment_raw=adjusted.raw,
        adjustment_applied=adjusted.applied,
        actual_wh=_actual(plan, history),
        flags=_flags(plan, walk, adjusted, slots),
    )


def _event_slots(plan: Plan, history: MeterHistory, used: UsedDays) -> tuple[Adjusted, tuple[Slot, ...]]:
    plain = average([(day.slots, weight) for day, weight in used], len(plan.slots))
    if plain is None:
        return Adjusted([]), ()
    adjusted = adjust(plan, history, used, plain)
    return adjusted, _slots(plan, history, plain, adjusted.slots)


def select_days(pool: list[PoolDay], rule: DayRule) -> UsedDays:
    """The days to average with their shares, in rank order.

    A pool short of its full number keeps the rule: the top days are as many as there are, up to the rule's;
    the middle drops as many at each end as from a full pool.
    """
    if rule.select is Select.ALL:
        days = pool
    elif rule.select is Select.TOP:
        days = sorted(pool, key=highest_first)[: rule.used]
    else:
        drop = (rule.pool - rule.used) // 2
        days = sorted(pool, key=highest_first)[drop : len(pool) - drop]
    return list(zip(days, _shares(rule, len(days)), strict=True))


def _shares(rule: DayRule, count: int) -> list[Fraction]:
    if not rule.weights:
        return [Fraction(1, count)] * count
    weights = rule.weights[:count]
    total = sum(weights)
    return [weight / total for weight in weights]


def average(rows: list[tuple[Values, Fraction]], count: int) -> list[Fraction] | None:
    """The weighted mean of each slot over the days that have it; None if some slot is on no day."""
    means = []
    for number in range(count):
        present = [(value, weight) for values, weight in rows if (value := values[number]) is not None]
        if not present:
            return None
        means.append(_weighted_mean(present))
    return means


def _weighted_mean(present: list[tuple[int | Fraction, Fraction]]) -> Fraction:
    first = present[0][1]
    # Equal shares are one and the same object: whole numbers then add up much faster than fractions.
    if all(weight is first for _, weight in present):
        return Fraction(sum(value for value, _ in present)) / len(present)
    total = sum(weight for _, weight in present)
    return sum((value * weight for value, weight in present), Fraction(0)) / total


def adjust(plan: Plan, history: MeterHistory, used: UsedDays, plain: list[Fraction]) -> Adjusted:
    """The slots moved by the same-day adjustment; unmoved and flagged if the window cannot be used."""
    rule = plan.preset.adjustment
    if rule is None:
        return Adjusted(plain)
    neutral = Fraction(rule.kind is AdjustmentKind.RATIO)
    groups = tuple((start,) for start in plan.window)
    actual = read_groups(groups, history.readings, plan.preset.estimated_share)
    usual = average([(day.window, weight) for day, weight in used], len(plan.window))
    if isinstance(actual, DayOutcome) or usual is None:
        return Adjusted(plain, None, neutral, (Flag.WINDOW_INCOMPLETE,))
    if any(start in history.not_usual for start in plan.window):
        return Adjusted(plain, None, neutral, (Flag.WINDOW_NOT_USUAL,))
    metered = Fraction(sum(value for value in actual if value is not None))
    expected = sum(usual, Fraction(0))
    if rule.kind is AdjustmentKind.ADDITIVE:
        return _add(rule, plain, (metered - expected) / len(usual))
    if expected <= 0:
        return Adjusted(plain, None, neutral, (Flag.WINDOW_BASELINE_NOT_POSITIVE,))
    return _scale(rule, plain, metered / expected)


def _scale(rule: Adjustment, plain: list[Fraction], factor: Fraction) -> Adjusted:
    assert rule.low is not None
    assert rule.high is not None
    believed = 1 + rule.shrink * (factor - 1)
    applied = min(max(believed, rule.low), rule.high)
    flags = (Flag.ADJUSTMENT_CLAMPED,) if applied != believed else ()
    return Adjusted([value * applied for value in plain], factor, applied, flags)


def _add(rule: Adjustment, plain: list[Fraction], addend: Fraction) -> Adjusted:
    believed = rule.shrink * addend
    moved = [value + _bounded(believed, value, rule.share) for value in plain]
    applied = (sum(moved, Fraction(0)) - sum(plain)) / len(plain)
    clamped = any(new != old + believed for new, old in zip(moved, plain, strict=True))
    return Adjusted(moved, addend, applied, (Flag.ADJUSTMENT_CLAMPED,) if clamped else ())


def _bounded(addend: Fraction, value: Fraction, share: Fraction | None) -> Fraction:
    """The Wh to add to one slot: within its share, and never turning use into feeding the grid."""
    if share is not None:
        bound = share * abs(value)
        addend = min(max(addend, -bound), bound)
    return max(addend, -value) if value >= 0 else addend


def _slots(plan: Plan, history: MeterHistory, plain: list[Fraction], adjusted: list[Fraction]) -> tuple[Slot, ...]:
    pays_estimates = plan.preset.estimated_slots is EstimatedSlots.COUNT
    rounds = plan.preset.rounding is Rounding.WH_PER_SLOT
    slots = []
    for start, before, after in zip(plan.slots, plain, adjusted, strict=True):
        reading = history.readings.get(start)
        estimated = reading is not None and reading[1]
        settled = Fraction(half_up(after)) if rounds else after
        actual = None if reading is None else reading[0]
        slots.append(Slot(start, before, after, settled, actual, estimated, pays_estimates or not estimated))
    return tuple(slots)


def _status(plan: Plan, history: MeterHistory, slots: tuple[Slot, ...], as_of: datetime | None) -> BaselineStatus:
    if not slots:
        return BaselineStatus.INSUFFICIENT_HISTORY
    if all(start in history.readings for start in plan.slots):
        return BaselineStatus.OK
    deadline = plan.event.data_deadline
    if as_of is None or deadline is None or as_of < deadline:
        return BaselineStatus.DATA_PENDING
    return BaselineStatus.UNMEASURED


def _actual(plan: Plan, history: MeterHistory) -> int | None:
    found = [history.readings.get(start) for start in plan.slots]
    energies = [reading[0] for reading in found if reading is not None]
    return sum(energies) if len(energies) == len(found) else None


def _trace(walk: Walk, used: UsedDays) -> tuple[DayTrace, ...]:
    shares = {day.day: (rank, weight) for rank, (day, weight) in enumerate(used, start=1)}
    rest = DayOutcome.NOT_SELECTED if used else DayOutcome.KEPT
    traces = [DayTrace(day, outcome) for day, outcome in walk.refused.items()]
    for day in walk.pool:
        rank, weight = shares.get(day.day, (None, None))
        outcome = rest if rank is None else DayOutcome.USED
        traces.append(DayTrace(day.day, outcome, day.mean_wh, rank, weight, day.event_day))
    return tuple(sorted(traces, key=lambda trace: trace.day, reverse=True))


def _flags(plan: Plan, walk: Walk, adjusted: Adjusted, slots: tuple[Slot, ...]) -> tuple[Flag, ...]:
    flags = {*plan.flags, *walk.flags, *adjusted.flags}
    if any(slot.estimated for slot in slots):
        flags.add(Flag.ESTIMATED_EVENT_READINGS)
    return tuple(sorted(flags))
