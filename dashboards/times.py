"""Times as people read them: on the local clock, with the zone's short name once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from common.intervals import DAY, day_bounds, local_day


def day_words(moment: datetime, zone: ZoneInfo) -> str:
    """A local day.

    >>> from datetime import UTC
    >>> day_words(datetime(2026, 7, 22, 23, tzinfo=UTC), ZoneInfo("America/Los_Angeles"))
    'Wed 22 July'
    """
    at = moment.astimezone(zone)
    return f"{at:%a} {at.day} {at:%B}"


def long_day_words(moment: datetime, zone: ZoneInfo) -> str:
    """A local day in full: "Wednesday 22 July 2026"."""
    at = moment.astimezone(zone)
    return f"{at:%A} {at.day} {at:%B %Y}"


def hour_words(moment: datetime, zone: ZoneInfo) -> str:
    """A time of the day: "4 pm", "4:30 pm"."""
    at = moment.astimezone(zone)
    minutes = f":{at:%M}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes} {'am' if at.hour < 12 else 'pm'}"


def hours_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """From when to when on the clock, without day and zone.

    >>> from datetime import UTC
    >>> start = datetime(2026, 7, 22, 23, tzinfo=UTC)
    >>> hours_words(start, start + timedelta(hours=2), ZoneInfo("America/Los_Angeles"))
    '4 to 6 pm'
    """
    first, last = hour_words(start, zone), hour_words(end, zone)
    same_half = first[-2:] == last[-2:] and local_day(start, zone) == local_day(end, zone)
    return f"{first[:-3] if same_half else first} to {last}"


def moment_words(moment: datetime, zone: ZoneInfo) -> str:
    """A day and a time with the zone: "Wed 22 July, 4 pm PDT"."""
    return f"{day_words(moment, zone)}, {hour_words(moment, zone)} {zone_words(moment, zone)}"


def span_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """A span in full: "Wednesday 22 July 2026, 4 to 6 pm PDT"."""
    return f"{long_day_words(start, zone)}, {hours_words(start, end, zone)} {zone_words(end, zone)}"


def zone_words(moment: datetime, zone: ZoneInfo) -> str:
    """The zone's short name at that moment."""
    return moment.astimezone(zone).tzname() or zone.key


def when_words(start: datetime, end: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """A coming or running span as one says it: "Tomorrow, 4 to 6 pm"."""
    away = (local_day(start, zone) - local_day(now, zone)).days
    day = {0: "Today", 1: "Tomorrow"}.get(away, day_words(start, zone))
    if start <= now < end:
        return f"Now, until {hour_words(end, zone)}"
    return f"{day}, {hours_words(start, end, zone)}"


def length_words(length: timedelta) -> str:
    """How long something lasts or is ago, in one unit.

    >>> [length_words(timedelta(seconds=size)) for size in (30, 720, 7200, 200_000)]
    ['less than a minute', '12 minutes', '2 hours', '2 days']
    """
    minutes = int(length / timedelta(minutes=1))
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        count = minutes // size
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def day_share(moment: datetime, day_of: datetime, zone: ZoneInfo) -> float:
    """Where a moment stands on the local day of `day_of`, in percent of that day, held to 0 … 100."""
    start, end = day_bounds(local_day(day_of, zone), zone)
    return round(min(100.0, max(0.0, (moment - start) / (end - start) * 100)), 2)


def month_start(moment: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant at which the local month of a moment began."""
    return day_bounds(local_day(moment, zone).replace(day=1), zone)[0]


def days_before(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The UTC start of the local day so many days before the moment's."""
    return day_bounds(local_day(moment, zone) - days * DAY, zone)[0]
