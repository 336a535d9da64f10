"""The days behind a baseline: which counted, which were left out and why, and the calendar of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from common.money import parse_fraction
from common.speech import day_words
from settlement.baselines import DayOutcome


@dataclass(frozen=True, slots=True)
class Visited:
    """One local day that the rule looked at; `mean_wh` is the mean of an event interval, None if refused."""

    day: date
    outcome: DayOutcome
    mean_wh: Fraction | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Visited":
        """From a row of the trace."""
        mean = row["mean_wh"]
        return cls(
            date.fromisoformat(row["day"]),
            DayOutcome(row["outcome"]),
            None if mean is None else parse_fraction(mean),
        )

    @property
    def is_used(self) -> bool:
        """Whether the day stands in the average."""
        return self.outcome is DayOutcome.USED

    @property
    def words(self) -> str:
        """The day for people."""
        return day_words(self.day)


@dataclass(frozen=True, slots=True)
class DayGroup:
    """Days left out for one reason."""

    days: str
    reason: str


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One cell: `mark` is kept, out, off, event or empty; `word` says it too."""

    number: str = ""
    word: str = ""
    mark: str = ""
    title: str = ""


_OFF = (DayOutcome.WEEKEND, DayOutcome.HOLIDAY, DayOutcome.OTHER_DAY_TYPE, DayOutcome.NO_SUCH_HOUR)
_SHOWN = 6


def groups_of(days: Sequence[Visited]) -> list[DayGroup]:
    """The days that do not count, by reason, the reason of the newest day first."""
    found: dict[DayOutcome, list[Visited]] = {}
    for day in days:
        if not day.is_used:
            found.setdefault(day.outcome, []).append(day)
    return [DayGroup(_listed(same), reason_words(outcome)) for outcome, same in found.items()]


def _listed(days: Sequence[Visited]) -> str:
    named = ", ".join(day.words for day in days[:_SHOWN])
    more = len(days) - _SHOWN
    return _("%(days)s and %(more)s more") % {"days": named, "more": more} if more > 0 else named


def reason_words(outcome: DayOutcome) -> str:
    """Why a day does not count, as a sentence."""
    return {
        DayOutcome.USED: _("Counts."),
        DayOutcome.KEPT: _("A good day, but there are too few of them."),
        DayOutcome.NOT_SELECTED: _("A good day, but not among those the rule picks."),
        DayOutcome.SKIPPED_BY_NOTICE: _("Too close to the event, people may already have known of it."),
        DayOutcome.HOLIDAY: _("Holiday."),
        DayOutcome.WEEKEND: _("Weekend."),
        DayOutcome.OTHER_DAY_TYPE: _("Another kind of day than the event day."),
        DayOutcome.NO_SUCH_HOUR: _("The clock skipped the hours of the event."),
        DayOutcome.EVENT_DAY: _("There was an event on this day."),
        DayOutcome.TEST: _("A test ran on this day."),
        DayOutcome.IDLE: _("The site was idle."),
        DayOutcome.OUTAGE: _("Power outage."),
        DayOutcome.OTHER_HOLDER: _("Before you had the meter: what others used is none of yours."),
        DayOutcome.MISSING_READINGS: _("Readings are missing."),
        DayOutcome.TOO_MANY_ESTIMATES: _("Too many readings are estimates."),
        DayOutcome.LOW_USAGE: _("Unusually low use."),
    }[outcome]


def calendar_of(days: Sequence[Visited], event_day: date) -> list[list[CalendarDay]]:
    """Weeks from Monday to Sunday, from the oldest day looked at to the event's."""
    known = {day.day: day for day in days}
    first = min(known, default=event_day)
    monday = first - timedelta(days=first.weekday())
    weeks = (event_day - monday).days // 7 + 1
    return [
        [_cell(monday + timedelta(days=7 * week + place), known, event_day) for place in range(7)]
        for week in range(weeks)
    ]


def _cell(day: date, known: dict[date, Visited], event_day: date) -> CalendarDay:
    title = day_words(day, "day of month")
    if day == event_day:
        return CalendarDay(str(day.day), _("this day"), "event", title)
    if day not in known:
        return CalendarDay()
    outcome = known[day].outcome
    mark = "kept" if outcome is DayOutcome.USED else "off" if outcome in _OFF else "out"
    return CalendarDay(str(day.day), short_words(outcome), mark, title)


def short_words(outcome: DayOutcome) -> str:
    """The outcome in a word that fits a cell."""
    return {
        DayOutcome.USED: _("counts"),
        DayOutcome.KEPT: _("good"),
        DayOutcome.NOT_SELECTED: _("good"),
        DayOutcome.SKIPPED_BY_NOTICE: _("too near"),
        DayOutcome.HOLIDAY: _("holiday"),
        DayOutcome.WEEKEND: _("w’end"),
        DayOutcome.OTHER_DAY_TYPE: _("other"),
        DayOutcome.NO_SUCH_HOUR: _("no hour"),
        DayOutcome.EVENT_DAY: _("event"),
        DayOutcome.TEST: _("test"),
        DayOutcome.IDLE: _("idle"),
        DayOutcome.OUTAGE: _("outage"),
        DayOutcome.OTHER_HOLDER: _("not yours"),
        DayOutcome.MISSING_READINGS: _("no data"),
        DayOutcome.TOO_MANY_ESTIMATES: _("estimates"),
        DayOutcome.LOW_USAGE: _("low use"),
    }[outcome]
