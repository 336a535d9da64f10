"""Times as people read them: on the local clock, with the zone's short name once."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from common import speech
from common.intervals import DAY, day_bounds, local_day
from common.speech import length_words


def day_words(moment: datetime, zone: ZoneInfo) -> str:
    """A local day.

    >>> from datetime import UTC
    >>> day_words(datetime(2026, 7, 22, 23, tzinfo=UTC), ZoneInfo("America/Los_Angeles"))
    'Wed 22 July'
    """
    return speech.day_words(local_day(moment, zone))


def long_day_words(moment: datetime, zone: ZoneInfo) -> str:
    """A local day in full: "Wednesday 22 July 2026"."""
    return speech.day_words(local_day(moment, zone), "long day")


def month_words(moment: datetime, zone: ZoneInfo) -> str:
    """The name of a local month."""
    return speech.day_words(local_day(moment, zone), "month")


def hour_words(moment: datetime, zone: ZoneInfo) -> str:
    """A time of the day: "4 pm", "4:30 pm"."""
    return speech.hour_words(moment.astimezone(zone))


def hours_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """From when to when on the clock, without day and zone.

    >>> from datetime import UTC, timedelta
    >>> start = datetime(2026, 7, 22, 23, tzinfo=UTC)
    >>> hours_words(start, start + timedelta(hours=2), ZoneInfo("America/Los_Angeles"))
    '4 to 6 pm'
    """
    return speech.hours_words(start.astimezone(zone), end.astimezone(zone))


def hour_zone_words(moment: datetime, zone: ZoneInfo) -> str:
    """A time of the day with the zone: "4 pm PDT"."""
    return f"{hour_words(moment, zone)} {zone_words(moment, zone)}"


def moment_words(moment: datetime, zone: ZoneInfo) -> str:
    """A day and a time with the zone: "Wed 22 July, 4 pm PDT"."""
    return f"{day_words(moment, zone)}, {hour_zone_words(moment, zone)}"


def span_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """A span in full: "Wednesday 22 July 2026, 4 to 6 pm PDT"."""
    return f"{long_day_words(start, zone)}, {hours_words(start, end, zone)} {zone_words(end, zone)}"


def zone_words(moment: datetime, zone: ZoneInfo) -> str:
    """The zone's short name at that moment."""
    return moment.astimezone(zone).tzname() or zone.key


def when_words(start: datetime, end: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """A coming or running span as one says it: "Tomorrow, 4 to 6 pm"."""
    away = (local_day(start, zone) - local_day(now, zone)).days
    day = {0: _("Today"), 1: _("Tomorrow")}.get(away, day_words(start, zone))
    if start <= now < end:
        return _("Now, until %(end)s") % {"end": hour_words(end, zone)}
    return f"{day}, {hours_words(start, end, zone)}"


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


__all__ = [
    "day_share", "day_words", "days_before", "hour_words", "hour_zone_words", "hours_words", "length_words",
    "long_day_words", "moment_words", "month_start", "month_words", "span_words", "when_words", "zone_words",
]  # fmt: skip
