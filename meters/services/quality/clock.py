"""Local clocks over arrays of instants."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

import numpy as np

from common.intervals import day_bounds, local_day
from meters.services.columns import Integers
from meters.services.quality.rules import DAY


def local_seconds(starts: Integers, zone: tzinfo) -> Integers:
    """What the clock shows at each instant, as seconds since its own 1970-01-01 00:00.

    >>> from zoneinfo import ZoneInfo
    >>> int(local_seconds(np.array([0]), ZoneInfo("Asia/Kolkata"))[0])
    19800
    """
    local = starts.copy()
    days = starts // DAY
    for day in np.unique(days).tolist():
        inside = days == day
        first, last = _offset(day * DAY, zone), _offset((day + 1) * DAY, zone)
        if first == last:
            local[inside] += first
        else:
            local[inside] += np.array([_offset(at, zone) for at in starts[inside].tolist()], np.int64)
    return local


@lru_cache(maxsize=50_000)
def _offset(moment: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(moment, zone).utcoffset()
    return int((offset or timedelta()).total_seconds())


def bounds_of_days(first: date, count: int, zone: tzinfo) -> Integers:
    """(count + 1,) the first instants of `count` local days from `first` on, and the end of the last one."""
    return np.array([_first_instant(first + timedelta(days=number), zone) for number in range(count + 1)], np.int64)


@lru_cache(maxsize=50_000)
def _first_instant(day: date, zone: tzinfo) -> int:
    return int(day_bounds(day, zone)[0].timestamp())


def day_of(moment: int, zone: tzinfo) -> date:
    """The local day in which an instant falls."""
    return local_day(datetime.fromtimestamp(moment, UTC), zone)
