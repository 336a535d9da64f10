"""Local wall time of a chart's axis and words.

The axis runs in real (UTC) time, so an hour is an hour wide on every day. Only its labels are local: the
payload carries each offset of the zone with the instant it begins (`clock_steps`), and the page places ticks
on local hours with it. Shifting the data to wall time instead would draw the repeated hour of autumn
over itself and tear a hole of an hour in spring.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from common.speech import day_words, hours_words

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def local(ms: int, zone: ZoneInfo) -> datetime:
    """Aware local time of an instant in milliseconds since 1970 UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)


def clock_steps(first_ms: int, last_ms: int, zone: ZoneInfo) -> list[list[int | str]]:
    """Offsets of a zone within [first_ms, last_ms]: rows of [from_ms, offset_ms, abbreviation], oldest first.

    >>> clock_steps(1604188800000, 1604275200000, ZoneInfo("America/Los_Angeles"))
    [[1604188800000, -25200000, 'PDT'], [1604221200000, -28800000, 'PST']]
    """
    return [list(step) for step in _clock_steps(first_ms, last_ms, zone)]


# A year asks for the offset of 365 days, and every look at the same dates would ask again.
@lru_cache(maxsize=512)
def _clock_steps(first_ms: int, last_ms: int, zone: ZoneInfo) -> list[list[int | str]]:
    before = _step(first_ms, zone)
    steps = [before]
    for day in range(first_ms, last_ms, DAY_MS):
        end = min(day + DAY_MS, last_ms)
        after = _step(end, zone)
        if after[1:] != before[1:]:
            steps.append(_step(_change_between(day, end, zone), zone))
        before = after
    return steps


def local_ms(instants: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """What the zone's clock shows at rising instants, as milliseconds since its own 1970: for days and hours.

    >>> local_ms(np.array([1604188800000]), ZoneInfo("America/Los_Angeles")).tolist()
    [1604163600000]
    """
    if not len(instants):
        return instants
    steps = clock_steps(int(instants[0]), int(instants[-1]) + HOUR_MS, zone)
    begins, offsets = np.array([step[0] for step in steps]), np.array([step[1] for step in steps])
    shown: NDArray[np.int64] = instants + offsets[np.searchsorted(begins, instants, side="right") - 1]
    return shown


def _step(ms: int, zone: ZoneInfo) -> list[int | str]:
    at = local(ms, zone)
    offset = at.utcoffset()
    return [ms, round(offset.total_seconds() * 1000) if offset else 0, at.tzname() or ""]


def _change_between(before: int, after: int, zone: ZoneInfo) -> int:
    while after - before > MINUTE_MS:
        middle = (before + after) // 2 // MINUTE_MS * MINUTE_MS
        middle = middle if middle > before else before + MINUTE_MS
        if _step(middle, zone)[1:] == _step(before, zone)[1:]:
            before = middle
        else:
            after = middle
    return after


def interval_words(start_ms: int, end_ms: int, zone: ZoneInfo) -> str:
    """An interval for people, with its zone.

    >>> interval_words(1604221200000 - 1800000, 1604221200000, ZoneInfo("America/Los_Angeles"))
    'Sun 1 Nov, 1:30 am PDT to 1:00 am PST'
    """
    start, end = local(start_ms, zone), local(end_ms, zone)
    return f"{day_words(start, 'short day')}, {hours_words(start, end, minutes=True, zones=True)}"
