"""Baselines of many ordinary meters at once: the same numbers as `compute_baseline`, in whole-number arithmetic.

An ordinary meter has every reading of the days that the calendar and its extraordinary days leave, none of them
an estimate, and no day of low use. All ordinary meters with the same extraordinary days share one walk. Whoever is
not ordinary goes through `compute_baseline`; the tests hold the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import lcm
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from settlement.baselines.model import (
    OUTCOME_OF_EXCLUSION,
    Baseline,
    BaselineStatus,
    DayOutcome,
    DayTrace,
    Exclusion,
    Flag,
    Slot,
)
from settlement.baselines.plan import Plan, PlannedDay
from settlement.baselines.presets import Adjustment, AdjustmentKind, DayRule, Rounding, Select
from settlement.baselines.walk import exclusion_of

Integers = NDArray[np.int64]
Ratio = tuple[int, int]
# Sums and products of readings up to here fit into 64 bits, whatever the rule.
LARGEST_WH = 2**36


@dataclass(frozen=True)
class Pattern:
    """The walk of the ordinary meters that have the same extraordinary days.

    Attributes:
        outcomes: what became of each visited day, most recent first; None for those in the pool.
        pool: the days of the pool, most recent first.
        ages: of these days.
        usual_window: whether no other event or the like lies in the adjustment window on the event day.
    """

    outcomes: tuple[DayOutcome | None, ...]
    pool: tuple[PlannedDay, ...]
    ages: tuple[int, ...]
    usual_window: bool = True


class Energies(NamedTuple):
    """Wh of meters on their pool days: (meters, days, slots), (meters, days, window), then of the event day."""

    slots: Integers
    window: Integers
    actual: Integers
    now: Integers


class Quick(NamedTuple):
    """An ordinary meter's baseline in whole numbers. Values of slots are numerators over one denominator.

    Attributes:
        used: places of the used days within the pool, in the order of their rank.
        day_sums: Wh over the event's slots, for each day of the pool.
        usual, adjusted, settled: before and after the adjustment, and after rounding.
        raw, applied: as in `Baseline`.
        actual: Wh per slot of the event.
    """

    pattern: Pattern
    used: list[int]
    day_sums: list[int]
    usual: tuple[list[int], int]
    adjusted: tuple[list[int], int]
    settled: tuple[list[int], int]
    raw: Ratio | None
    applied: Ratio | None
    flags: tuple[Flag, ...]
    actual: list[int]

    @property
    def baseline_wh(self) -> Ratio:
        """The baseline of the whole event, not in lowest terms."""
        values, denominator = self.settled
        return sum(values), denominator


def plain_pattern(plan: Plan, excluded: Mapping[date, Exclusion], *, usual_window: bool = True) -> Pattern | None:
    """The walk of ordinary meters with these extraordinary days; None if it is no ordinary one.

    That is: too few days in the ordinary reach, or a day on which the clock changed in the hours that count.

    Args:
        usual_window: as in `Pattern`.
    """
    outcomes: list[DayOutcome | None] = []
    pool: list[PlannedDay] = []
    for planned in plan.days:
        if len(pool) == plan.rule.pool:
            break
        if planned.age > plan.preset.days_back:
            return None
        exclusion = exclusion_of(planned, excluded)
        outcome = planned.refused or (OUTCOME_OF_EXCLUSION[exclusion] if exclusion else None)
        outcomes.append(outcome)
        if outcome is None:
            pool.append(planned)
    if len(pool) < plan.rule.pool:
        return None
    odd = any(len(group) != 1 for planned in pool for group in planned.slots + planned.window)
    ages = tuple(planned.age for planned in pool)
    return None if odd else Pattern(tuple(outcomes), tuple(pool), ages, usual_window)


def quick_baselines(plan: Plan, pattern: Pattern, energies: Energies) -> list[Quick | None]:
    """Each meter's baseline; None for a meter with a day of low use, which is not ordinary."""
    day_sums = energies.slots.sum(axis=2)
    used = _used(plan.rule, day_sums)
    shares, denominator = _shares(plan.rule)
    rows = np.arange(len(used))[:, None]
    weights = np.array(shares, np.int64)[None, :, None]
    usual = (energies.slots[rows, used] * weights).sum(axis=1)
    expected = (energies.window[rows, used] * weights).sum(axis=(1, 2))
    columns = zip(
        _low(plan, day_sums).tolist(),
        used.tolist(),
        day_sums.tolist(),
        usual.tolist(),
        expected.tolist(),
        energies.now.sum(axis=1).tolist(),
        energies.actual.tolist(),
        strict=True,
    )
    move = _Mover(plan, denominator, pattern)
    rounds = plan.preset.rounding is Rounding.WH_PER_SLOT
    found: list[Quick | None] = []
    for low, mine, sums, values, window, metered, actual in columns:
        if low:
            found.append(None)
            continue
        adjusted, raw, applied, flags = move(values, window, metered)
        settled = (_rounded(*adjusted), 1) if rounds else adjusted
        plain = (values, denominator)
        found.append(Quick(pattern, mine, sums, plain, adjusted, settled, raw, applied, flags, actual))
    return found


def baseline_of(plan: Plan, quick: Quick) -> Baseline:
    """The same in full, as `compute_baseline` says it."""
    usual, adjusted, settled = (_fractions(*values) for values in (quick.usual, quick.adjusted, quick.settled))
    slots = (
        Slot(start, before, after, rounded, actual, estimated=False, counts=True)
        for start, before, after, rounded, actual in zip(
            plan.slots, usual, adjusted, settled, quick.actual, strict=True
        )
    )
    return Baseline(
        preset=plan.preset.name,
        rule_hash=plan.rule_hash,
        event=plan.event,
        minutes=plan.minutes,
        day_type=plan.day_type,
        status=BaselineStatus.OK,
        days=_days(plan, quick),
        slots=tuple(slots),
        adjustment_raw=None if quick.raw is None else Fraction(*quick.raw),
        adjustment_applied=None if quick.applied is None else Fraction(*quick.applied),
        actual_wh=sum(quick.actual),
        flags=quick.flags,
    )


def _fractions(values: list[int], denominator: int) -> list[Fraction]:
    return [Fraction(value, denominator) for value in values]


def _days(plan: Plan, quick: Quick) -> tuple[DayTrace, ...]:
    shares, denominator = _shares(plan.rule)
    ranks = {place: rank for rank, place in enumerate(quick.used)}
    places = iter(range(len(quick.day_sums)))
    traces = []
    for age, outcome in enumerate(quick.pattern.outcomes, start=1):
        day = plan.event.day - timedelta(days=age)
        if outcome is not None:
            traces.append(DayTrace(day, outcome))
            continue
        place = next(places)
        mean = Fraction(quick.day_sums[place], len(plan.slots))
        rank = ranks.get(place)
        if rank is None:
            traces.append(DayTrace(day, DayOutcome.NOT_SELECTED, mean))
        else:
            traces.append(DayTrace(day, DayOutcome.USED, mean, rank + 1, Fraction(shares[rank], denominator)))
    return tuple(traces)


def _used(rule: DayRule, day_sums: Integers) -> Integers:
    """(meters, used days): places in the pool by rank; a stable sort leaves the more recent day first on a tie."""
    count = day_sums.shape[1]
    if rule.select is Select.ALL:
        return np.broadcast_to(np.arange(count), day_sums.shape)
    ranked = np.argsort(-day_sums, axis=1, kind="stable")
    if rule.select is Select.TOP:
        return ranked[:, : rule.used]
    drop = (rule.pool - rule.used) // 2
    return ranked[:, drop : count - drop]


def _shares(rule: DayRule) -> tuple[list[int], int]:
    """The shares of the used days, as numerators over one denominator."""
    if not rule.weights:
        return [1] * rule.used, rule.used
    denominator = lcm(*(weight.denominator for weight in rule.weights))
    return [weight.numerator * (denominator // weight.denominator) for weight in rule.weights], denominator


def _low(plan: Plan, day_sums: Integers) -> NDArray[np.bool_]:
    share = plan.preset.low_usage_share
    if share is None:
        return np.zeros(len(day_sums), np.bool_)
    total = day_sums.sum(axis=1, keepdims=True)
    low = day_sums * (day_sums.shape[1] * share.denominator) < share.numerator * total
    found: NDArray[np.bool_] = (low & (total > 0)).any(axis=1)
    return found


def _rounded(values: list[int], denominator: int) -> list[int]:
    """Half up, away from zero."""
    twice = 2 * denominator
    return [
        (2 * value + denominator) // twice if value >= 0 else -((denominator - 2 * value) // twice) for value in values
    ]


Moved = tuple[tuple[list[int], int], Ratio | None, Ratio | None, tuple[Flag, ...]]


class _Mover:
    """The same-day adjustment of one meter: (values, expected in the window, metered there) -> what it made."""

    def __init__(self, plan: Plan, denominator: int, pattern: Pattern) -> None:
        self.rule: Adjustment | None = plan.preset.adjustment
        self.usual_window = pattern.usual_window
        self.denominator, self.window, self.flags = denominator, len(plan.window), plan.flags
        self.slots = len(plan.slots)
        self.clamped = self._with(Flag.ADJUSTMENT_CLAMPED)
        self.not_positive = self._with(Flag.WINDOW_BASELINE_NOT_POSITIVE)
        self.not_usual = self._with(Flag.WINDOW_NOT_USUAL)
        self.plain = self._with()

    def _with(self, *more: Flag) -> tuple[Flag, ...]:
        return tuple(sorted({*self.flags, *more}))

    def __call__(self, values: list[int], expected: int, metered: int) -> Moved:
        if self.rule is None:
            return (values, self.denominator), None, None, self.plain
        if not self.usual_window:
            neutral = int(self.rule.kind is AdjustmentKind.RATIO)
            return (values, self.denominator), None, (neutral, 1), self.not_usual
        if self.rule.kind is AdjustmentKind.ADDITIVE:
            return self._add(self.rule, values, expected, metered)
        if expected <= 0:
            return (values, self.denominator), None, (1, 1), self.not_positive
        return self._scale(self.rule, values, expected, metered)

    def _scale(self, rule: Adjustment, values: list[int], expected: int, metered: int) -> Moved:
        assert rule.low is not None
        assert rule.high is not None
        raw = metered * self.denominator, expected
        believed = rule.shrink.numerator * (raw[0] - expected)
        top, bottom = expected * rule.shrink.denominator + believed, expected * rule.shrink.denominator
        flags = self.clamped
        if top * rule.low.denominator < rule.low.numerator * bottom:
            top, bottom = rule.low.numerator, rule.low.denominator
        elif top * rule.high.denominator > rule.high.numerator * bottom:
            top, bottom = rule.high.numerator, rule.high.denominator
        else:
            flags = self.plain
        moved = [value * top for value in values]
        return (moved, self.denominator * bottom), raw, (top, bottom), flags

    def _add(self, rule: Adjustment, values: list[int], expected: int, metered: int) -> Moved:
        share, shrink = rule.share, rule.shrink
        finer = self.window * shrink.denominator * (1 if share is None else share.denominator)
        whole = self.denominator * finer
        raw = metered * self.denominator - expected
        wanted = raw * (finer // self.window // shrink.denominator) * shrink.numerator
        plain = [value * finer for value in values]
        added = [self._bounded(wanted, value, share) for value in plain]
        flags = self.plain if all(each == wanted for each in added) else self.clamped
        moved = [value + each for value, each in zip(plain, added, strict=True)]
        applied = (sum(added), whole * self.slots)
        return (moved, whole), (raw, self.denominator * self.window), applied, flags

    def _bounded(self, wanted: int, value: int, share: Fraction | None) -> int:
        if share is not None:
            # The value is a multiple of the share's denominator.
            bound = abs(value) // share.denominator * share.numerator
            wanted = min(max(wanted, -bound), bound)
        return max(wanted, -value) if value >= 0 else wanted
