"""Which dates a page or a chart shows, as its address says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from common.intervals import DAY, day_bounds, local_day, parse_local
from common.numbers_in_text import number_in
from dashboards.errors import BadRange
from dashboards.times import days_before

DAYS = 7
DAYS_AHEAD = 2
LONGEST = timedelta(days=367)
YEARS = range(1990, 2101)


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end) in UTC, and how the address said it.

    Attributes:
        days: how many days back, today among them; None where the address names the dates.
        query: the address's part that means this span.
    """

    start: datetime
    end: datetime
    days: int | None
    query: str


def last_days(*, days: int, anchor: datetime, zone: ZoneInfo) -> Span:
    """So many local days up to the anchor's, and the forecast's days ahead of it."""
    ahead = day_bounds(local_day(anchor, zone) + DAYS_AHEAD * DAY, zone)[1]
    return Span(days_before(anchor, days - 1, zone), ahead, days, urlencode({"days": days}))


def span_of(asked: Mapping[str, str], *, anchor: datetime, zone: ZoneInfo, days: int = DAYS) -> Span:
    """The span that an address asks for: `start` and `end`, or `days`, or the default.

    Dates are local, `end` included; times without an offset are on the zone's clock.

    Raises:
        BadRange: They are no dates, are in the wrong order, or span more than a year.
    """
    if asked.get("start") or asked.get("end"):
        return _between(asked.get("start", ""), asked.get("end", ""), zone)
    text = asked.get("days") or str(days)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= LONGEST.days and len(text) <= 3):
        raise BadRange(_("Ask for 1 to %(days)s days.") % {"days": LONGEST.days})
    return last_days(days=int(text), anchor=anchor, zone=zone)


def _between(start_text: str, end_text: str, zone: ZoneInfo) -> Span:
    if not (start_text and end_text):
        raise BadRange(_("Say both a first and a last day."))
    start, end = _bounds(start_text, zone)[0], _bounds(end_text, zone)[1]
    if end <= start:
        raise BadRange(_("The last day must not lie before the first."))
    if end - start > LONGEST:
        raise BadRange(_("Ask for at most %(days)s days at once.") % {"days": LONGEST.days})
    return Span(start, end, None, urlencode({"start": start_text, "end": end_text}))


def _bounds(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end of a local day; of a moment the moment itself, twice."""
    year = number_in(text[:4])
    if year is not None and year not in YEARS:
        raise BadRange(_("There is nothing in the year %(year)s.") % {"year": text[:4]})
    try:
        if len(text) == len("2026-07-22"):
            return day_bounds(date.fromisoformat(text), zone)
        moment = parse_local(text, zone)
        return moment.astimezone(UTC), moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRange(_("“%(text)s” is no date like 2026-07-22.") % {"text": text[:30]}) from None
