"""Local wall time of a chart's axis and words.

The axis runs in real (UTC) time, so an hour is an hour wide on every day. Only its labels are local: the
payload carries each offset of the zone with the instant it begins (`clock_steps`), and the page places ticks
on local hours with it. Shifting the data to wall time instead would draw the repeated hour of autumn
over itself and tear a hole of an hour in spring.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from common.speech import day_words, hours_words

DAY_MS = 86_400_000
MINUTE_MS = 60_000


def local(ms: int, zone: ZoneInfo) -> datetime:
    """Aware local time of an instant in milliseconds since 1970 UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)


def clock_steps(first_ms: int, last_ms: int, zone: ZoneInfo) -> list[list[int | str]]:
    """Offsets of a zone within [first_ms, last_ms]: rows of [from_ms, offset_ms, abbreviation], oldest first.

    >>> clock_steps(1604188800000, 1604275200000, ZoneInfo("America/Los_Angeles"))
    [[1604188800000, -25200000, 'PDT'], [1604221200000, -28800000, 'PST']]
    """
    steps = [_step(first_ms, zone)]
    for day in range(first_ms, last_ms, DAY_MS):
        end = min(day + DAY_MS, last_ms)
        if _step(end, zone)[1:] != _step(day, zone)[1:]:
            steps.append(_step(_change_between(day, end, zone), zone))
    return steps


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
