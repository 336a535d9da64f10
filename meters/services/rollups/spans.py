"""Spans of time in whole hours: merged, cut, and made of dates."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

HOUR = 3_600
ALWAYS = (0, 2**34 - HOUR)
"""From the first to the last hour that a key can hold."""
_EPOCH, _HOUR = datetime(1970, 1, 1, tzinfo=UTC), timedelta(hours=1)

Dates = tuple[datetime, datetime | None]


class Span(NamedTuple):
    """[start, end) in seconds since 1970 UTC."""

    start: int
    end: int


def whole_hours(held: Iterable[Dates]) -> list[Span]:
    """The hours that lie wholly within these times, which may touch and overlap.

    >>> noon = datetime(2026, 7, 22, 12, tzinfo=UTC)
    >>> half = timedelta(minutes=30)
    >>> [span.end - span.start for span in whole_hours([(noon - half, noon + half), (noon + half, noon + 3 * half)])]
    [3600]
    """
    # In microseconds: a second that is rounded here would be an hour that is wrong.
    exact = merged(Span(_micro(start), _FOREVER if end is None else _micro(end)) for start, end in held)
    unit = HOUR * 1_000_000
    hours = [Span(-(-start // unit) * HOUR, min(end // unit * HOUR, ALWAYS[1])) for start, end in exact]
    return [Span(max(span.start, ALWAYS[0]), span.end) for span in hours if max(span.start, ALWAYS[0]) < span.end]


_FOREVER = 2**62


def _micro(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def hours_touched(start: datetime | None, end: datetime | None) -> Span:
    """The whole hours of which something lies in [start, end); without a bound, all on that side."""
    low = ALWAYS[0] if start is None else max(ALWAYS[0], (start - _EPOCH) // _HOUR * HOUR)
    high = ALWAYS[1] if end is None else min(ALWAYS[1], -((_EPOCH - end) // _HOUR) * HOUR)
    return Span(low, high)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time without overlaps, sorted; spans that touch become one.

    >>> merged([Span(5, 9), Span(0, 5), Span(11, 12)])
    [Span(start=0, end=9), Span(start=11, end=12)]
    """
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, end))
        else:
            found.append(Span(start, end))
    return found
