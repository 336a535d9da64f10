"""What the terms of a program allow for one event, each limit with its sentence. Pure: no clock, no database."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.intervals import MINUTE, local_day, local_days
from common.speech import day_words, hour_words
from events.models import ProgramVersion
from events.term_words import minutes_words
from events.wishes import local_spans

DAY = timedelta(days=1)
WEEKEND = 5


@dataclass(frozen=True)
class Span:
    """[start, end) of an event, aware, on the clock of its program."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def day(self) -> date:
        """The local day on which it starts."""
        return local_day(self.start, self.zone)

    @property
    def days(self) -> list[date]:
        """Every local day that it touches."""
        return local_days(self.start, self.end, self.zone)

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return round((self.end - self.start) / MINUTE)


def refusals(version: ProgramVersion, span: Span, holidays: Collection[date]) -> Iterator[str]:
    """One sentence for each limit on time that the event breaks: season, length, hours, business days."""
    yield from _season(version, span)
    yield from _length(version, span)
    yield from _hours(version, span)
    if version.business_days_only:
        yield from _business_days(span, holidays)


def notice_refusal(version: ProgramVersion, span: Span, now: datetime) -> str:
    """Why it is too late to announce the event; empty if it is not.

    The last minute that the terms allow is still in time.
    """
    latest = span.start - timedelta(minutes=version.notice_minutes)
    if now <= latest:
        return ""
    words = _(
        "People are told at least %(notice)s before the start: the first start possible now is after %(earliest)s."
    )
    earliest = (now + timedelta(minutes=version.notice_minutes)).astimezone(span.zone)
    return words % {
        "notice": minutes_words(version.notice_minutes),
        "earliest": f"{day_words(earliest.date())}, {hour_words(earliest, minutes=True)}",
    }


def season_of(version: ProgramVersion, day: date) -> tuple[date, date]:
    """First and last day of the season in which events are counted; without one the calendar year."""
    if version.season_start is not None or version.season_end is not None:
        return version.season_start or date.min, version.season_end or date.max
    return date(day.year, 1, 1), date(day.year, 12, 31)


def week_of(day: date) -> tuple[date, date]:
    """Monday and Sunday of the day's week."""
    monday = day - day.weekday() * DAY
    return monday, monday + 6 * DAY


def count_refusals(version: ProgramVersion, span: Span, others: Collection[Span]) -> Iterator[str]:
    """One sentence for each limit on the number of events that this one would break beside the others.

    Args:
        others: The events that count already: of the same program and season, and no tests.
    """
    first, last = season_of(version, span.day)
    season = [other for other in others if first <= other.day <= last]
    yield from _number(version, len(season))
    yield from _week(version, span, others)
    yield from _sum_of_hours(version, span, season)
    yield from _days_in_a_row(version, span, others)


def _season(version: ProgramVersion, span: Span) -> Iterator[str]:
    first, last = version.season_start, version.season_end
    if (first and span.days[0] < first) or (last and span.days[-1] > last):
        names = {"first": day_words(first, "date") if first else "–", "last": day_words(last, "date") if last else "–"}
        yield _("The season of the terms is from %(first)s to %(last)s.") % names


def _length(version: ProgramVersion, span: Span) -> Iterator[str]:
    if version.min_minutes is not None and span.minutes < version.min_minutes:
        shortest = minutes_words(version.min_minutes)
        yield _("An event of this program lasts at least %(length)s.") % {"length": shortest}
    if version.max_minutes is not None and span.minutes > version.max_minutes:
        longest = minutes_words(version.max_minutes)
        yield _("An event of this program lasts at most %(length)s.") % {"length": longest}


def _hours(version: ProgramVersion, span: Span) -> Iterator[str]:
    opens, closes = version.hours_from, version.hours_to
    for part in local_spans(span.start, span.end, span.zone):
        day = part.start.date()
        first = datetime.combine(day, opens or time.min)
        last = datetime.combine(day, closes) if closes else datetime.combine(day + DAY, time.min)
        if part.start < first or part.end > last:
            names = {"opens": hour_words(first), "closes": hour_words(last)}
            yield _("Events of this program lie between %(opens)s and %(closes)s on its clock.") % names
            return


def _business_days(span: Span, holidays: Collection[date]) -> Iterator[str]:
    for day in span.days:
        if day.weekday() >= WEEKEND:
            yield _("Events of this program are on business days; %(day)s is on a weekend.") % {"day": day_words(day)}
        elif day in holidays:
            yield _("Events of this program are on business days; %(day)s is a holiday.") % {"day": day_words(day)}
        else:
            continue
        return


def _number(version: ProgramVersion, had: int) -> Iterator[str]:
    most = version.max_events
    if most is not None and had >= most:
        words = ngettext(
            "The terms allow %(count)d event in a season; there is one already.",
            "The terms allow %(count)d events in a season; there are as many already.",
            most,
        )
        yield words % {"count": most}


def _week(version: ProgramVersion, span: Span, others: Collection[Span]) -> Iterator[str]:
    most = version.max_events_per_week
    monday, sunday = week_of(span.day)
    if most is not None and sum(monday <= other.day <= sunday for other in others) >= most:
        words = ngettext(
            "The terms allow %(count)d event in a week from Monday to Sunday; that of %(monday)s has one already.",
            "The terms allow %(count)d events in a week from Monday to Sunday; that of %(monday)s has as many already.",
            most,
        )
        yield words % {"count": most, "monday": day_words(monday)}


def _sum_of_hours(version: ProgramVersion, span: Span, season: Collection[Span]) -> Iterator[str]:
    if version.max_hours is None:
        return
    had = sum(other.minutes for other in season)
    left = 60 * version.max_hours - had
    if span.minutes <= left:
        return
    if left <= 0:
        yield _("The terms allow %(most)d hours of events in a season; all are used.") % {"most": version.max_hours}
    else:
        words = _("The terms allow %(most)d hours of events in a season; %(left)s are left.")
        yield words % {"most": version.max_hours, "left": minutes_words(left)}


def _days_in_a_row(version: ProgramVersion, span: Span, others: Collection[Span]) -> Iterator[str]:
    most = version.max_consecutive_days
    if most is None:
        return
    days = {day for other in others for day in other.days} | set(span.days)
    first = last = span.days[0]
    while first - DAY in days:
        first -= DAY
    while last + DAY in days:
        last += DAY
    if (last - first).days + 1 > most:
        words = ngettext(
            "The terms allow events on %(count)d day in a row; there is one on the day before or after.",
            "The terms allow events on %(count)d days in a row; this would be one more.",
            most,
        )
        yield words % {"count": most}
