"""What the audit computes on: the energy of meters on a row of local days, as arrays."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
DAY_MINUTES = 1440


@dataclass(frozen=True)
class Load:
    """Meters with one interval length on consecutive local days, by the local clock.

    Attributes:
        first: the first local day.
        energy: (meters, days, slots of a day), Wh, missing as NaN; a doubled hour is averaged.
        estimated: the same shape: the value is an estimate.
        excluded: (meters, days): event, outage, idle or test, in whatever part of the day.
        exists: (days, slots): False where the clock skips the slot.
    """

    first: date
    energy: Floats
    estimated: Truths
    excluded: Truths
    exists: Truths

    @classmethod
    def of(cls, first: date, energy: Floats) -> "Load":
        """Measured values without anything extraordinary.

        >>> Load.of(date(2026, 6, 1), np.ones((2, 3, 48))).minutes
        30
        """
        return cls(
            first,
            energy,
            np.zeros(energy.shape, bool),
            np.zeros(energy.shape[:2], bool),
            np.ones(energy.shape[1:], bool),
        )

    @property
    def minutes(self) -> int:
        """Length of an interval."""
        return DAY_MINUTES // self.per_day

    @property
    def per_day(self) -> int:
        """Slots of a day."""
        return int(self.energy.shape[2])

    @property
    def day_count(self) -> int:
        """Days, those without readings among them."""
        return int(self.energy.shape[1])

    def index(self, day: date) -> int:
        """The day's place in the arrays; negative or too large if it is not in them."""
        return (day - self.first).days

    def day(self, index: int) -> date:
        """The day at a place."""
        return self.first + timedelta(days=index)


@dataclass(frozen=True)
class Hours:
    """An event as if there had been one: `minutes` from `start_minute` of a local day on."""

    day: date
    start_minute: int
    minutes: int = 60


def in_day(load: Load, hours: Hours) -> NDArray[np.intp]:
    """The slots of the event, counted from the start of its day."""
    first = hours.start_minute // load.minutes
    return np.arange(first, first + hours.minutes // load.minutes)


def taken(values: NDArray[Any], days: NDArray[np.intp], offsets: NDArray[np.intp]) -> NDArray[Any]:
    """Of (meters, days, slots) the values at the offsets from the start of each of these days.

    Offsets reach into neighboring days. What lies outside of the arrays is NaN, or False.

    Returns:
        (meters, days, offsets).
    """
    flat = values.reshape(values.shape[0], -1)
    places = days[:, None] * values.shape[2] + offsets[None, :]
    inside = (places >= 0) & (places < flat.shape[1])
    found = flat[:, np.where(inside, places, 0)]
    if inside.all():
        return found
    outside = np.nan if values.dtype.kind == "f" else False
    return np.where(inside[None], found, outside)


def measured(load: Load, hours: Hours) -> Floats:
    """The energy of each meter in these hours, Wh; NaN where the day tells nothing.

    It does not where a reading is missing or estimated, the hour was skipped, or the day is extraordinary.
    """
    days, offsets = np.array([load.index(hours.day)]), in_day(load, hours)
    energy = taken(load.energy, days, offsets)[:, 0]
    estimated = taken(load.estimated, days, offsets)[:, 0].any(axis=1)
    unusable = estimated | load.excluded[:, days[0]]
    return np.where(unusable, np.nan, energy.sum(axis=1))
