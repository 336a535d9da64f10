"""What looks wrong in the readings of one meter: pure functions on arrays, without a database and without a clock.

Everywhere `starts` are seconds since 1970 UTC, sorted, none twice; energies are Wh per slot; `step` is the length
of a slot in seconds. Each function answers with the stretches that it found, earliest first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from meters.services.columns import Integers

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DAY = 86_400
HOUR = 3_600

# Four weeks hold every weekday four times: what happens once a week is no surprise.
HISTORY_DAYS = 28
# A week: before that nobody knows what is usual for a meter, and its first days are never called wrong.
LEAST_DAYS = 7
# A home that gets a second big appliance doubles its peak; a wrong unit or a lost digit is ten times and more.
SPIKE_TIMES_PEAK = 3.0
# Of ten days one, so that a weekly event is usual and one or two former spikes hide no new one.
PEAKS_ASIDE = 10
# 8 robust standard deviations: in half hours of a year chance alone reaches that in none of a thousand meters.
SPIKE_DEVIATIONS = 8.0
# The median absolute deviation of normal values times this is their standard deviation.
MAD_TO_DEVIATION = 1.4826
# Below this power nothing is worth a person's look, however unusual.
SPIKE_LEAST_W = 1_000
# A home's refrigerator alone changes its values within the hour; a whole day of one value is a display that hangs.
STUCK_HOURS = 24
# Pumps, lights and masts run evenly for days.
STEADY_HOURS = 7 * 24
STEADY_KINDS = ("pump", "light", "street", "traffic", "telecom", "tower", "mast", "sign")
# A quarter of a day: shorter power cuts are ordinary and come with readings of 0.
ZERO_HOURS = 6
# "Never has zeros": at most one slot in 200, so that one cut in four weeks does not end the watch.
ZEROS_AT_MOST = 0.005


@dataclass(frozen=True)
class Values:
    """Readings of one meter: starts, Wh, and which of them are estimates; all of one length."""

    starts: Integers
    energy_wh: Integers
    estimated: Flags

    def __len__(self) -> int:
        return len(self.starts)


class Found(NamedTuple):
    """[start, end) in seconds, how many slots, the value that stands out and the one that would be usual."""

    start: int
    end: int
    slots: int
    value_wh: int | None = None
    usual_wh: int | None = None


def stretches(member: Flags, starts: Integers, step: int, same: Integers | None = None) -> Iterator[tuple[int, int]]:
    """Places (first, last) of longest runs of members whose slots follow each other, with equal `same` if given.

    Args:
        member: (n,) which readings may be in a run.
        same: (n,) values that must not change within a run.

    >>> list(stretches(np.array([True, True, False, True]), np.array([0, 60, 120, 180]), 60))
    [(0, 1), (3, 3)]
    """
    if not len(starts):
        return
    cut = np.diff(starts) != step
    cut |= ~member[1:] | ~member[:-1]
    if same is not None:
        cut |= np.diff(same) != 0
    firsts = np.append(0, np.flatnonzero(cut) + 1)
    lasts = np.append(firsts[1:] - 1, len(starts) - 1)
    inside = member[firsts]
    yield from zip(firsts[inside].tolist(), lasts[inside].tolist(), strict=True)


def completeness(starts: Integers, bounds: Integers, step: int) -> tuple[Integers, Integers]:
    """How many slots each local day has, and how many it should have.

    Args:
        bounds: (n_days + 1,) the first instants of consecutive local days and the end of the last one.

    Returns:
        Two arrays (n_days,): a day in which clocks go forward has 46 half hours, back 50, else 48.
    """
    return np.diff(np.searchsorted(starts, bounds)), np.diff(bounds) // step


def gaps(starts: Integers, step: int) -> list[Found]:
    """Where slots are missing between two readings; before the first and after the last one nothing is."""
    after = np.flatnonzero(np.diff(starts) > step)
    return [
        Found(int(starts[at]) + step, int(starts[at + 1]), (int(starts[at + 1] - starts[at]) - 1) // step)
        for at in after.tolist()
    ]


def outside(gap: Found, start: int, end: int, step: int) -> list[Found]:
    """What of a gap lies before `start` and after `end`.

    >>> [part[:3] for part in outside(Found(0, 7200, 4), 1800, 3600, 1800)]
    [(0, 1800, 1), (3600, 7200, 2)]
    """
    parts = ((gap.start, min(gap.end, start)), (max(gap.start, end), gap.end))
    return [Found(low, high, (high - low) // step) for low, high in parts if low < high]


def negatives(values: Values, step: int) -> list[Found]:
    """Runs below zero, each with its lowest value; for meters that do not feed into the grid."""
    runs = stretches((values.energy_wh < 0) & ~values.estimated, values.starts, step)
    return [_found(values, first, last, step, int(values.energy_wh[first : last + 1].min()), 0) for first, last in runs]


def stuck(values: Values, step: int, hours: int = STUCK_HOURS) -> list[Found]:
    """Runs of one value other than 0 for so many hours; a missing or estimated slot ends a run."""
    runs = stretches((values.energy_wh != 0) & ~values.estimated, values.starts, step, values.energy_wh)
    long = hours * HOUR // step
    return [
        _found(values, first, last, step, int(values.energy_wh[first]))
        for first, last in runs
        if last - first + 1 >= long
    ]


def zeros(values: Values, step: int, zero_shares: Floats, hours: int = ZERO_HOURS) -> list[Found]:
    """Runs of 0 for so many hours that began where there had hardly been a 0 before.

    Args:
        zero_shares: (n,) per reading the share of zeros in its history, NaN where that is too short.
    """
    runs = stretches((values.energy_wh == 0) & ~values.estimated, values.starts, step)
    long = hours * HOUR // step
    return [
        _found(values, first, last, step, 0)
        for first, last in runs
        if last - first + 1 >= long and zero_shares[first] <= ZEROS_AT_MOST
    ]


def hours_until_stuck(usage_kind: str) -> int:
    """After how many hours of one value a meter of this kind of use is looked at."""
    words = usage_kind.lower()
    return STEADY_HOURS if any(kind in words for kind in STEADY_KINDS) else STUCK_HOURS


def usual_peak(peaks: Floats) -> float:
    """The highest value that is usual, from the highest values of earlier days; NaN where there are too few.

    Args:
        peaks: (n,) Wh, the days without a reading left out.

    >>> usual_peak(np.array([5.0, 6, 5, 90, 6, 5, 6, 5, 5, 6]))
    6.0
    """
    if len(peaks) < LEAST_DAYS:
        return float("nan")
    return float(np.sort(peaks)[-(1 + len(peaks) // PEAKS_ASIDE)])


def may_be_spikes(values: Values, step: int, usual_peaks: Floats) -> Flags:
    """Which measured values are far above the meter's usual highest ones: cheap, and enough to say no.

    Args:
        usual_peaks: (n,) per reading the `usual_peak` of the days before it, NaN where unknown.
    """
    least = SPIKE_LEAST_W * step / HOUR
    # A comparison with NaN is False.
    return (values.energy_wh > SPIKE_TIMES_PEAK * usual_peaks) & (values.energy_wh >= least) & ~values.estimated


def slot_limit(same_slot: Floats) -> tuple[float, float]:
    """The usual value of a slot of the day and what is far above it, from that slot on the days before.

    Args:
        same_slot: (n,) Wh of the same clock slot on earlier days.

    Returns:
        Median, and median + 8 robust deviations; a deviation is at least a tenth of the median, because values
        that hardly ever differ say nothing about the next one. Both NaN with fewer than LEAST_DAYS values.
    """
    if len(same_slot) < LEAST_DAYS:
        return float("nan"), float("nan")
    median = float(np.median(same_slot))
    deviation = MAD_TO_DEVIATION * float(np.median(np.abs(same_slot - median)))
    return median, median + SPIKE_DEVIATIONS * max(deviation, abs(median) / 10)


def futures(starts: Integers, step: int, now: int) -> list[Found]:
    """Runs of slots that have not ended at `now`."""
    late = starts + step > now
    return [
        Found(int(starts[first]), int(starts[last]) + step, last - first + 1)
        for first, last in stretches(late, starts, step)
    ]


def day_lengths(starts: Integers, bounds: Integers, step: int) -> list[Found]:
    """Local days of a wrong length between two complete ones: too many slots, or too few where clocks change.

    On an ordinary day missing slots are gaps and no more; on the day of a change they mean that the sender
    does not follow the clock.

    Args:
        bounds: as of `completeness`; the first and the last day only serve as neighbours.
    """
    counts, expected = completeness(starts, bounds, step)
    complete = counts == expected
    changes = np.diff(bounds) != DAY
    wrong = (counts > expected) | ((counts < expected) & (counts > 0) & changes)
    wrong[1:-1] &= complete[:-2] & complete[2:]
    wrong[:1] = wrong[-1:] = False
    return [Found(int(bounds[at]), int(bounds[at + 1]), int(counts[at])) for at in np.flatnonzero(wrong).tolist()]


def duplicates(meter_ids: Integers, starts: Integers) -> Flags:
    """Which rows of a file, in any order, say something about a slot that an earlier row has said already."""
    order = np.lexsort((np.arange(len(starts)), starts, meter_ids))
    again = np.zeros(len(starts), bool)
    ids, times = meter_ids[order], starts[order]
    again[order[1:]] = (ids[1:] == ids[:-1]) & (times[1:] == times[:-1])
    return again


def overlaps(starts: Integers, ends: Integers) -> Flags:
    """Which intervals of one meter, sorted by start, begin before an earlier one has ended.

    >>> overlaps(np.array([0, 30, 60]), np.array([40, 60, 90])).tolist()
    [False, True, False]
    """
    over = np.zeros(len(starts), bool)
    over[1:] = starts[1:] < np.maximum.accumulate(ends)[:-1]
    return over


def _found(values: Values, first: int, last: int, step: int, value: int, usual: int | None = None) -> Found:
    starts = values.starts
    return Found(int(starts[first]), int(starts[last]) + step, last - first + 1, value, usual)
