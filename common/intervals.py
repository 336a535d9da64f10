"""Times, local days and meter intervals: pure helpers that every room uses.

Times are aware UTC. An interval is [start, end), named by its start. A local day belongs to a zone and has
23, 24 or 25 hours (or an odd number of half hours where the clock moves by half an hour).
"""

from datetime import UTC, date, datetime, timedelta, tzinfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class NaiveTime(ValueError):
    """A time came without a zone."""


class NotUtc(ValueError):
    """A time has a zone, but UTC is needed here."""


class AmbiguousTime(ValueError):
    """A local time that happens twice, in the hour repeated when clocks go back."""


class MissingTime(ValueError):
    """A local time that never happens, in the hour skipped when clocks go forward."""


class NotAligned(ValueError):
    """A span or a day does not hold a whole number of intervals."""


def is_utc(moment: datetime) -> bool:
    """Whether the time is aware and has no offset from UTC."""
    return moment.utcoffset() == timedelta(0)


def require_utc(moment: datetime) -> datetime:
    """The same time, checked.

    Raises:
        NaiveTime: if it has no zone.
        NotUtc: if its offset is not zero.
    """
    if moment.utcoffset() is None:
        raise NaiveTime(f"The time {moment.isoformat()} has no zone.")
    if not is_utc(moment):
        raise NotUtc(f"The time {moment.isoformat()} is not in UTC.")
    return moment


def to_utc(moment: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        NaiveTime: if it has no zone.
    """
    if moment.utcoffset() is None:
        raise NaiveTime(f"The time {moment.isoformat()} has no zone.")
    return moment.astimezone(UTC)


def local_day(moment: datetime, zone: tzinfo) -> date:
    """The calendar day on which the instant falls in the zone."""
    return to_utc(moment).astimezone(zone).date()


def local_days(start: datetime, end: datetime, zone: tzinfo) -> list[date]:
    """The local days touched by [start, end), oldest first; none if the span is empty."""
    if to_utc(end) <= to_utc(start):
        return []
    first = local_day(start, zone)
    last = local_day(end - timedelta(microseconds=1), zone)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The UTC start and end of a local day, also where midnight itself is skipped or repeated."""
    return _first_instant(day, zone), _first_instant(day + DAY, zone)


def _first_instant(day: date, zone: tzinfo) -> datetime:
    # fold=0 reads a skipped midnight with the offset before the change, which is the change itself, and a
    # repeated midnight as its first pass: both are the day's first instant.
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def slots_in_day(day: date, zone: tzinfo, minutes: int) -> int:
    """How many intervals a local day has: quarter hours are 96, or 92 and 100 when the clock changes.

    Raises:
        NotAligned: if the day is not a whole number of intervals long.
    """
    start, end = day_bounds(day, zone)
    return _count_slots(start, end, minutes)


def slot_starts(start: datetime, end: datetime, minutes: int) -> list[datetime]:
    """The UTC starts of the intervals that fill [start, end).

    Raises:
        NaiveTime, NotUtc: if a bound is not aware UTC.
        NotAligned: if the span is not a whole number of intervals long.
    """
    count = _count_slots(require_utc(start), require_utc(end), minutes)
    return [start + number * minutes * MINUTE for number in range(count)]


def _count_slots(start: datetime, end: datetime, minutes: int) -> int:
    if minutes <= 0:
        raise ValueError("An interval is at least one minute long.")
    count, rest = divmod(end - start, minutes * MINUTE)
    if rest or count < 0:
        raise NotAligned(f"From {start.isoformat()} to {end.isoformat()} is no whole number of {minutes} minutes.")
    return count


def clock_minute(moment: datetime, zone: tzinfo) -> int:
    """Minutes shown past midnight by the zone's clock at the instant."""
    local = to_utc(moment).astimezone(zone)
    return local.hour * 60 + local.minute


def clock_slot(start: datetime, zone: tzinfo, minutes: int) -> int:
    """The slot of the local clock in which a UTC start falls: half past midnight in half hours is 1.

    Both passes of a repeated hour have the same slot; a skipped hour's slots do not occur on that day.
    """
    return clock_minute(start, zone) // minutes


def starts_of_clock(day: date, minute: int, zone: tzinfo) -> tuple[datetime, ...]:
    """The UTC instants at which the local clock shows this minute of the day: one; two or none at a change.

    Args:
        minute: minutes past midnight as the clock shows them, 0 to 1439.
    """
    wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60)  # noqa: DTZ001 - a wall time
    return _instants(wall, zone)


def _instants(wall: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) != wall:
        return ()
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return (first,) if first == second else (first, second)


def resolve_local(wall: datetime, zone: tzinfo) -> datetime:
    """The UTC instant of a naive local time.

    Raises:
        ValueError: if the time already has a zone.
        AmbiguousTime: if the clock shows it twice that day.
        MissingTime: if the clock skips it.
    """
    if wall.tzinfo is not None:
        raise ValueError(f"The time {wall.isoformat()} already has a zone.")
    wall = wall.replace(fold=0)
    instants = _instants(wall, zone)
    if not instants:
        raise MissingTime(f"{wall.isoformat(' ')} does not exist in {zone}: the clock skips it.")
    if len(instants) > 1:
        raise AmbiguousTime(f"{wall.isoformat(' ')} happens twice in {zone}: add the offset from UTC.")
    return instants[0]


def parse_local(text: str, zone: tzinfo) -> datetime:
    """The UTC instant of an ISO 8601 text; without an offset it is read on the zone's clock.

    Raises:
        ValueError: if the text is not a time, or one of `resolve_local`'s errors.
    """
    cleaned = text.strip()
    try:
        moment = datetime.fromisoformat(cleaned)
    except ValueError as error:
        raise ValueError(f"{cleaned[:40]!r} is not a time like 2026-07-22T16:00.") from error
    return resolve_local(moment, zone) if moment.tzinfo is None else moment.astimezone(UTC)


def is_aligned(moment: datetime, minutes: int, zone: tzinfo = UTC) -> bool:
    """Whether an interval of this length, counted from the clock's midnight, starts at the instant."""
    local = to_utc(moment).astimezone(zone)
    return not (local.second or local.microsecond or (local.hour * 60 + local.minute) % minutes)
