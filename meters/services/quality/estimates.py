"""Estimates for missing slots: pure functions, exact to the Wh.

`facts`: a gap of up to two hours is bridged by a line, a longer one is filled with the mean of the same slot on
three or four recent like days. An estimate is always flagged and never paid.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import NamedTuple

from meters.services.columns import Integers
from meters.services.quality.rules import DAY, HOUR

# As long as the use of a home goes on as it was; beyond, a line says nothing about the hours between.
LINE_HOURS = 2
# Fewer say too little about a day, more lie too far back.
LEAST_DAYS, MOST_DAYS = 3, 4
# As far as baselines look back.
DAYS_BACK = 45


class Why(StrEnum):
    """Why a slot got no estimate."""

    FEW_DAYS = "few_days"
    EXCLUDED = "excluded"


class Estimate(NamedTuple):
    """Values per start, and why the other starts have none."""

    values: dict[int, int]
    refused: dict[int, Why]


def half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes up.

    >>> half_up(Fraction(5, 2)), half_up(Fraction(-5, 2))
    (3, -2)
    """
    return floor(value + Fraction(1, 2))


def on_a_line(before_wh: int, after_wh: int, slots: int) -> list[int]:
    """The values of `slots` missing slots between two readings.

    >>> on_a_line(100, 200, 3)
    [125, 150, 175]
    """
    step = Fraction(after_wh - before_wh, slots + 1)
    return [half_up(before_wh + step * number) for number in range(1, slots + 1)]


def fits_a_line(slots: int, step: int) -> bool:
    """Whether a gap of so many slots of `step` seconds is short enough for a line."""
    return slots * step <= LINE_HOURS * HOUR


class History:
    """Measured energies of one meter by local day and clock slot, the days of each kind apart."""

    def __init__(self, local: Integers, energy_wh: Integers, step: int, holidays: frozenset[date]) -> None:
        """Takes readings by their local seconds (see `local_seconds`); both passes of a doubled slot are averaged."""
        self.step, self.holidays = step, holidays
        self._wh: dict[tuple[int, int], list[int]] = defaultdict(list)
        for at, value in zip(local.tolist(), energy_wh.tolist(), strict=True):
            self._wh[at // DAY, at % DAY // step].append(value)

    def mean(self, local: int) -> int | None:
        """The mean of the same slot on the most recent like days before; None with fewer than three of them."""
        day, slot = local // DAY, local % DAY // self.step
        kind, found = self._is_business(day), list[Fraction]()
        for back in range(1, DAYS_BACK + 1):
            values = self._wh.get((day - back, slot))
            if values and self._is_business(day - back) == kind:
                found.append(Fraction(sum(values), len(values)))
            if len(found) == MOST_DAYS:
                break
        return half_up(sum(found, Fraction()) / len(found)) if len(found) >= LEAST_DAYS else None

    def _is_business(self, number: int) -> bool:
        day = date(1970, 1, 1) + timedelta(days=number)
        return day.weekday() < 5 and day not in self.holidays


def estimate(
    *,
    missing: Sequence[int],
    local: Mapping[int, int],
    excluded: frozenset[int],
    known: Mapping[int, int],
    history: History,
) -> Estimate:
    """Values for missing slots.

    Args:
        missing: their starts in seconds, sorted.
        local: start -> local seconds.
        excluded: those of them in an outage or the like, which stay empty.
        known: start -> Wh of measured readings; the two next to a short gap are its line's ends.
    """
    values: dict[int, int] = {}
    refused = dict.fromkeys(sorted(excluded.intersection(missing)), Why.EXCLUDED)
    for run in _runs(missing, history.step):
        line = _line(run, known, history.step)
        for number, start in enumerate(run):
            if start in excluded:
                continue
            value = line[number] if line else history.mean(local[start])
            if value is None:
                refused[start] = Why.FEW_DAYS
            else:
                values[start] = value
    return Estimate(values, refused)


def _line(run: Sequence[int], known: Mapping[int, int], step: int) -> list[int] | None:
    before, after = known.get(run[0] - step), known.get(run[-1] + step)
    if before is None or after is None or not fits_a_line(len(run), step):
        return None
    return on_a_line(before, after, len(run))


def _runs(missing: Sequence[int], step: int) -> list[list[int]]:
    """The starts in groups that follow each other."""
    runs: list[list[int]] = []
    for start in missing:
        if runs and start == runs[-1][-1] + step:
            runs[-1].append(start)
        else:
            runs.append([start])
    return runs
