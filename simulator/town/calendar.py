"""Local time of the town: clock changes, weekends and holidays."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulator.town.chance import Floats, Ints

ZONE = ZoneInfo("America/New_York")
_EPOCH = date(1970, 1, 1)
_HOUR = 3600


@dataclass(frozen=True)
class LocalTimes:
    """Instants as the town's clocks and calendars show them; every array is `(n_times,)`."""

    seconds: Ints  # since 1970, UTC
    day: Ints  # local days since 1970-01-01
    hour: Floats  # local clock, 0 ≤ hour < 24
    season: Floats  # share of the year gone by, 0 ≤ season < 1
    works: NDArray[np.bool_]  # neither weekend nor holiday
    sunday: NDArray[np.bool_]  # Sunday or holiday


def local_times(seconds: Ints) -> LocalTimes:
    """The local times of `seconds` since 1970 in UTC."""
    local = seconds + _offsets(seconds)
    day = local // 86_400
    weekday = (day + 3) % 7
    holiday = _by_day(day, _is_holiday)
    return LocalTimes(
        seconds=seconds,
        day=day,
        hour=(local % 86_400) / _HOUR,
        season=_by_day(day, _season),
        works=(weekday < 5) & (holiday == 0.0),
        sunday=(weekday == 6) | (holiday == 1.0),
    )


def _offsets(seconds: Ints) -> Ints:
    """Local time minus UTC, in seconds; looked up once an hour, clocks change on the hour."""
    hours, where = np.unique(seconds // _HOUR, return_inverse=True)
    offsets = [_offset(int(hour) * _HOUR) for hour in hours]
    return np.array(offsets, dtype=np.int64)[where]


def _offset(second: int) -> int:
    offset = datetime.fromtimestamp(second, tz=UTC).astimezone(ZONE).utcoffset()
    return int((offset or timedelta()).total_seconds())


def _by_day(days: Ints, value: Callable[[date], float]) -> Floats:
    unique, where = np.unique(days, return_inverse=True)
    return np.array([float(value(_EPOCH + timedelta(days=int(day)))) for day in unique])[where]


def _season(day: date) -> float:
    return (day.timetuple().tm_yday - 1) / 366


def _is_holiday(day: date) -> bool:
    return day in _holidays(day.year)


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    """The public holidays on which the town rests."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 12, 25)]
    last_of_may = date(year, 5, 31)
    memorial = last_of_may - timedelta(days=last_of_may.weekday())
    labor = _nth(year, 9, weekday=0, n=1)
    thanksgiving = _nth(year, 11, weekday=3, n=4)
    return frozenset([*fixed, memorial, labor, thanksgiving])


def _nth(year: int, month: int, *, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))
