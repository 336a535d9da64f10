"""Which dates a page or a chart shows, as its address says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from common.intervals import DAY, day_bounds, local_day, parse_local
from common.numbers_in_text import number_in
from common.speech import day_words
from dashboards.errors import BadRange
from dashboards.times import days_before

DAYS = 7
DAYS_AHEAD = 2
LONGEST = timedelta(days=367)
YEARS = range(1990, 2101)
PERIODS = ("day", "week", "month", "year")


@dataclass(frozen=True, slots=True)
class Period:
    """A day, a week from Monday on, a month or a year of the calendar; `first` is its first day."""

    kind: str
    first: date

    @classmethod
    def of(cls, kind: str, day: date) -> "Period":
        """The period of this kind that the day lies in."""
        firsts = {
            "day": day,
            "week": day - day.weekday() * DAY,
            "month": day.replace(day=1),
            "year": day.replace(month=1, day=1),
        }
        return cls(kind, firsts[kind])

    @property
    def after(self) -> date:
        """The first day after it."""
        lengths = {"day": 1, "week": 7, "month": 31, "year": 366}
        beyond = self.first + lengths[self.kind] * DAY
        return beyond if self.kind in ("day", "week") else Period.of(self.kind, beyond).first

    @property
    def next(self) -> "Period":
        """The period after this one."""
        return Period.of(self.kind, self.after)

    @property
    def previous(self) -> "Period":
        """The period before this one."""
        return Period.of(self.kind, self.first - DAY)

    @property
    def year_before(self) -> "Period":
        """The same period a year before: of a day the same weekday, of a week the one with the same number of days
        to it, so that weekends fall on weekends."""
        if self.kind in ("day", "week"):
            return Period.of(self.kind, self.first - 364 * DAY)
        return Period.of(self.kind, self.first.replace(year=self.first.year - 1))

    @property
    def query(self) -> str:
        """The address's part that means it."""
        return urlencode({"period": self.kind, "day": self.first.isoformat()})

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """[start, end) in UTC: days of 23 and 25 hours come out as such."""
        return day_bounds(self.first, zone)[0], day_bounds(self.after, zone)[0]

    def days(self) -> list[date]:
        """Its days, oldest first."""
        return [self.first + number * DAY for number in range((self.after - self.first).days)]

    def months(self) -> list[date]:
        """The first days of its months, oldest first."""
        return [day for day in self.days() if day.day == 1]

    def words(self) -> str:
        """Its name.

        >>> Period.of("week", date(2026, 11, 18)).words(), Period.of("month", date(2026, 11, 18)).words()
        ('Mon 16 November to Sun 22 November 2026', 'November 2026')
        """
        if self.kind == "day":
            return day_words(self.first, "long day")
        if self.kind == "week":
            ends = {"first": day_words(self.first), "last": day_words(self.after - DAY), "year": self._last_year}
            return _("%(first)s to %(last)s %(year)s") % ends
        if self.kind == "month":
            words = {"month": day_words(self.first, "month"), "year": self.first.year}
            return _("%(month)s %(year)s") % words
        return str(self.first.year)

    @property
    def _last_year(self) -> int:
        return (self.after - DAY).year


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end) in UTC, and how the address said it.

    Attributes:
        days: how many days back, today among them; None where the address names the dates.
        query: the address's part that means this span.
        period: the period of the calendar that it is, if it is one.
    """

    start: datetime
    end: datetime
    days: int | None
    query: str
    period: Period | None = None

    @property
    def is_named(self) -> bool:
        """Whether the address names the dates: then they are shown whole, else the newest first."""
        return self.days is None


def last_days(*, days: int, anchor: datetime, zone: ZoneInfo) -> Span:
    """So many local days up to the anchor's, and the forecast's days ahead of it."""
    ahead = day_bounds(local_day(anchor, zone) + DAYS_AHEAD * DAY, zone)[1]
    return Span(days_before(anchor, days - 1, zone), ahead, days, urlencode({"days": days}))


def period_span(period: Period, zone: ZoneInfo) -> Span:
    """A period of the calendar on the zone's clock."""
    start, end = period.bounds(zone)
    return Span(start, end, None, period.query, period)


def span_of(asked: Mapping[str, str], *, anchor: datetime, zone: ZoneInfo, days: int = DAYS) -> Span:
    """The span that an address asks for: `start` and `end`, `period` and `day`, or `days`, or the default.

    Dates are local, `end` included; times without an offset are on the zone's clock. Without `day` a period is
    the running one.

    Raises:
        BadRange: They are no dates, are in the wrong order, or span more than a year.
    """
    if asked.get("start") or asked.get("end"):
        return _between(asked.get("start", ""), asked.get("end", ""), zone)
    if asked.get("period"):
        return period_span(period_of(asked, anchor=anchor, zone=zone), zone)
    text = asked.get("days") or str(days)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= LONGEST.days and len(text) <= 3):
        raise BadRange(_("Ask for 1 to %(days)s days.") % {"days": LONGEST.days})
    return last_days(days=int(text), anchor=anchor, zone=zone)


def period_of(asked: Mapping[str, str], *, anchor: datetime, zone: ZoneInfo) -> Period:
    """The period that an address asks for by `period` and `day`.

    Raises:
        BadRange: There is no such period, or `day` is no date.
    """
    if asked["period"] not in PERIODS:
        raise BadRange(_("Ask for a day, a week, a month or a year."))
    day = day_in(asked["day"]) if asked.get("day") else local_day(anchor, zone)
    return Period.of(asked["period"], day)


def day_in(text: str) -> date:
    """The date that a text says.

    Raises:
        BadRange: It says none, or one that is out of reach.
    """
    _require_year(text)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _no_date(text) from None


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
    _require_year(text)
    try:
        if len(text) == len("2026-07-22"):
            return day_bounds(date.fromisoformat(text), zone)
        moment = parse_local(text, zone)
        return moment.astimezone(UTC), moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_date(text) from None


def _require_year(text: str) -> None:
    year = number_in(text[:4])
    if year is not None and year not in YEARS:
        raise BadRange(_("There is nothing in the year %(year)s.") % {"year": text[:4]})


def _no_date(text: str) -> BadRange:
    return BadRange(_("“%(text)s” is no date like 2026-07-22.") % {"text": text[:30]})
