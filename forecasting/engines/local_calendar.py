"""Local wall time of UTC slots, right across clock changes, for whole arrays at once."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from common.late import Late

pd = Late("pandas")

MINUTES_PER_DAY = 1440
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
SATURDAY = 5
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
WEEKLY_HARMONICS = 3


@dataclass(frozen=True, eq=False)
class LocalCalendar:
    """Local calendar of n consecutive UTC slots; arrays are shared between meters and read-only.

    Attributes:
        minute: (n,) minutes since local midnight at the slot's start.
        day: (n,) local date as days since 1970-01-01.
        slot: (n,) number of the slot in its local day; twice the same in the hour a clock repeats.
        weekday: (n,) Monday 0 to Sunday 6.
        is_off: (n,) weekend or holiday.
        holiday: (n,) listed as a holiday.
    """

    minute: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    slot: npt.NDArray[np.int64]
    weekday: npt.NDArray[np.int64]
    is_off: npt.NDArray[np.bool_]
    holiday: npt.NDArray[np.bool_]


@lru_cache(maxsize=16)
def local_calendar(
    start: datetime, slot_minutes: int, zone: str, n_slots: int, holidays: frozenset[date] = frozenset()
) -> LocalCalendar:
    """Calendar of n_slots slots from an aware start, in the wall time of an IANA zone.

    >>> from datetime import UTC
    >>> spring = local_calendar(datetime(2021, 3, 14, 6, tzinfo=UTC), 60, "America/New_York", 3)
    >>> (spring.minute // 60).tolist()
    [1, 3, 4]
    """
    utc = pd.date_range(start, periods=n_slots, freq=f"{slot_minutes}min")
    wall = utc.tz_convert(ZoneInfo(zone)).tz_localize(None)
    minutes = wall.to_numpy().astype("datetime64[m]").astype(np.int64)
    day, minute = np.divmod(minutes, MINUTES_PER_DAY)
    weekday = (day + EPOCH_WEEKDAY) % 7
    is_holiday = np.isin(day, [(one - date(1970, 1, 1)).days for one in holidays])
    is_off = (weekday >= SATURDAY) | is_holiday
    slot = minute // slot_minutes
    _lock(minute, day, slot, weekday, is_off, is_holiday)
    return LocalCalendar(minute, day, slot, weekday, is_off, is_holiday)


@lru_cache(maxsize=16)
def calendar_terms(calendar: LocalCalendar, n_daily: int) -> npt.NDArray[np.float64]:
    """(n, k) regressors: the local day as a Fourier series, apart for days off, and the week.

    Columns without a constant: day off, daily harmonics, the same on days off only, weekly harmonics, and a
    holiday column if there is one. `n_daily` is the number of daily harmonics.
    """
    off = calendar.is_off[:, None].astype(np.float64)
    daily = _fourier(calendar.minute / MINUTES_PER_DAY, n_daily)
    week = calendar.weekday * MINUTES_PER_DAY + calendar.minute
    weekly = _fourier(week / MINUTES_PER_WEEK, WEEKLY_HARMONICS)
    columns = [off, daily, daily * off, weekly]
    if calendar.holiday.any():
        columns.append(calendar.holiday[:, None].astype(np.float64))
    terms = np.concatenate(columns, axis=1)
    _lock(terms)
    return terms


def _fourier(phase: npt.NDArray[np.float64], n_harmonics: int) -> npt.NDArray[np.float64]:
    """(n, 2 n_harmonics) sines and cosines of a phase in turns."""
    angle = 2 * np.pi * phase[:, None] * np.arange(1, n_harmonics + 1)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def _lock(*arrays: npt.NDArray[Any]) -> None:
    """Make arrays read-only, since many meters share them."""
    for array in arrays:
        array.setflags(write=False)
