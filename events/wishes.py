"""When a standing wish meets an event, and what it says in words. Pure: no clock, no database."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# Clocks change at whole quarters of an hour, so one lies between two changes.
STEP = timedelta(minutes=15)
# "Until midnight" in a column of clock times.
MIDNIGHT = time.max


class Wish(Protocol):
    """What a standing wish says; `OptSchedule` has it."""

    @property
    def weekdays(self) -> str: ...
    @property
    def hours_from(self) -> time | None: ...
    @property
    def hours_to(self) -> time | None: ...
    @property
    def first_day(self) -> date | None: ...
    @property
    def last_day(self) -> date | None: ...


class LocalSpan(NamedTuple):
    """A stretch of the local clock, [start, end), within one day; both naive."""

    start: datetime
    end: datetime


def local_spans(start: datetime, end: datetime, zone: ZoneInfo) -> list[LocalSpan]:
    """What the clock on the wall shows during [start, end): a hour twice in autumn, a hole in spring.

    >>> zone = ZoneInfo("America/New_York")
    >>> [str(part) for part in local_spans(*(datetime(2026, 3, 8, hour, tzinfo=UTC) for hour in (6, 8)), zone)[0]]
    ['2026-03-08 01:00:00', '2026-03-08 02:00:00']
    """
    found: list[LocalSpan] = []
    moment, end = start.astimezone(UTC), end.astimezone(UTC)
    while moment < end:
        following = min(end, _next_quarter(moment))
        wall = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        span = LocalSpan(wall, wall + (following - moment))
        last = found[-1] if found else None
        if last is not None and last.end == span.start and last.start.date() == span.start.date():
            found[-1] = LocalSpan(last.start, span.end)
        else:
            found.append(span)
        moment = following
    return found


def _next_quarter(moment: datetime) -> datetime:
    return moment + STEP - timedelta(seconds=moment.timestamp() % STEP.total_seconds())


def matches(wish: Wish, start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Whether an event over [start, end) touches the hours that the wish is about, in the program's zone."""
    return meets(wish, local_spans(start, end, zone))


def meets(wish: Wish, spans: Sequence[LocalSpan]) -> bool:
    """The same, for an event whose spans were found before."""
    return any(_meets(wish, span) for span in spans)


def _meets(wish: Wish, span: LocalSpan) -> bool:
    day = span.start.date()
    if str(day.weekday()) not in wish.weekdays:
        return False
    if (wish.first_day and day < wish.first_day) or (wish.last_day and day > wish.last_day):
        return False
    opens = datetime.combine(day, wish.hours_from or time.min)
    closes = datetime.combine(day, wish.hours_to or MIDNIGHT)
    if is_midnight(closes.time()):
        closes = datetime.combine(day, time.min) + DAY
    return span.start < closes and span.end > opens


def is_midnight(until: time) -> bool:
    """Whether a wish "until" this time lasts to the end of its day."""
    return until >= time(23, 59)
