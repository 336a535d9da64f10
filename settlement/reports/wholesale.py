"""What reductions were worth at the wholesale meter in a month: the peak that is billed, and the one that was avoided.

Pure: hours and reductions in, figures out. A distributor pays its supplier for the highest hour of a month, or for its
load in the hour in which the supplier's whole system was highest (`billed_at`). Reductions are signed sums over all
participants, not floored: what somebody used more counts against it.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from common.money import half_up, round_half_up

# Two-sided 90 % bounds of Student's t for 1 to 30 degrees of freedom; the normal one beyond.
T_90 = (
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753,
    1.746, 1.740, 1.734, 1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
)  # fmt: skip
NORMAL_90 = 1.645


@dataclass(frozen=True)
class Reduction:
    """What all participants together used less in one hour, and half the width of its 90 % interval, in Wh.

    Without a width nothing can be said about how sure it is.
    """

    energy_wh: Fraction
    width_wh: float | None = None


@dataclass(frozen=True)
class Peak:
    """One hour and the mean load in it."""

    start: datetime
    kw: Fraction


@dataclass(frozen=True)
class MonthValue:
    """A month at the wholesale meter.

    Attributes:
        peak: the hour that is billed, as it was measured.
        peak_without: the hour that would have been billed without any event.
        coincident_kw: the reduction in the hour that is billed.
        avoided_kw, low_kw, high_kw: by how much the events lowered what is billed, and its 90 % interval; negative
            where an event moved load into a higher hour.
        avoided_cost, low_cost, high_cost: the same at the price per kW and month.
    """

    peak: Peak
    peak_without: Peak
    coincident_kw: Fraction
    avoided_kw: Fraction
    low_kw: Fraction | None
    high_kw: Fraction | None
    avoided_cost: Decimal
    low_cost: Decimal | None
    high_cost: Decimal | None


def month_value(
    *,
    load_wh: Mapping[datetime, int],
    reductions: Mapping[datetime, Reduction],
    cost_per_kw: Decimal,
    billed_at: datetime | None = None,
) -> MonthValue | None:
    """The month's figures, or None without a single measured hour.

    Args:
        load_wh: start of an hour -> energy of everybody in it.
        reductions: start of an hour -> what participants used less; hours without an event are left out.
        billed_at: start of the hour that the supplier bills; the highest hour if not said.
    """
    if not load_wh or (billed_at is not None and billed_at not in load_wh):
        return None
    peak = _peak(load_wh, {}, billed_at)
    without = _peak(load_wh, {start: each.energy_wh for start, each in reductions.items()}, billed_at)
    low, high = (_bound(load_wh, reductions, billed_at, peak, side) for side in (-1, 1))
    price = Fraction(cost_per_kw)
    here = reductions.get(peak.start)
    return MonthValue(
        peak,
        without,
        Fraction(0) if here is None else here.energy_wh / 1000,
        without.kw - peak.kw,
        low,
        high,
        round_half_up((without.kw - peak.kw) * price),
        None if low is None else round_half_up(low * price),
        None if high is None else round_half_up(high * price),
    )


def _peak(load_wh: Mapping[datetime, int], added: Mapping[datetime, Fraction], billed_at: datetime | None) -> Peak:
    """The hour that is billed with these Wh added to the load; of equal hours the first."""
    total = {start: energy + added.get(start, 0) for start, energy in load_wh.items()}
    start = billed_at or min(total, key=lambda each: (-total[each], each))
    return Peak(start, Fraction(total[start]) / 1000)


def _bound(
    load_wh: Mapping[datetime, int],
    reductions: Mapping[datetime, Reduction],
    billed_at: datetime | None,
    peak: Peak,
    side: int,
) -> Fraction | None:
    """The avoided kW where every reduction that has an interval lies at that end of it; None where none has one."""
    if reductions and all(each.width_wh is None for each in reductions.values()):
        return None
    moved = {start: each.energy_wh + side * half_up(Fraction(each.width_wh or 0)) for start, each in reductions.items()}
    return _peak(load_wh, moved, billed_at).kw - peak.kw


def width_of(totals_wh: Sequence[float]) -> float | None:
    """Half the width of the 90 % interval of a baseline that is the mean of some days: how one more such day may lie.

    Args:
        totals_wh: what all participants together used in the hour on each of the days, in Wh.

    The days are taken as independent draws of one normal distribution: t of n − 1 degrees of freedom, times the
    standard deviation, times √(1 + 1/n). Weather that moves all participants alike is in it, as totals are compared.
    A same-day adjustment narrows the error, so with one the interval is rather too wide.

    >>> width_of([1000.0]) is None, round(width_of([900.0, 1000.0, 1100.0]), 1)
    (True, 337.2)
    """
    count = len(totals_wh)
    if count < 2:
        return None
    return t_90(count - 1) * statistics.stdev(totals_wh) * math.sqrt(1 + 1 / count)


def t_90(freedom: int) -> float:
    """The two-sided 90 % bound of Student's t.

    >>> t_90(1), t_90(30), t_90(31)
    (6.314, 1.697, 1.645)
    """
    return T_90[freedom - 1] if freedom <= len(T_90) else NORMAL_90
