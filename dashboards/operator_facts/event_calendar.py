"""Events on the days they happen: a month or a week at a time."""

from calendar import Calendar
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common import speech
from common.intervals import local_day
from dashboards.operator_facts.event_words import state_badge
from dashboards.times import hours_words
from events.models import Event

MONTH, WEEK = "month", "week"
# What a cell of a month has room for; its week shows them all.
SHOWN = {MONTH: 3, WEEK: 100}
# Beyond these the neighbours of a month may leave the calendar.
FIRST, LAST = date(1970, 1, 1), date(2100, 12, 31)
# The day of a program's clock may begin or end so long before or after that of UTC.
ZONES_APART = timedelta(days=1)


@dataclass(frozen=True)
class EventCalendar:
    """What components of the page show.

    Attributes:
        days: {day, words, weekday, is_today, is_outside, items, more}; whole weeks.
        here: the day that the view is of; earlier, later: the same of the view before and after, "" past the end.
        nearest: the day of an event to go to, where the view has none; else empty.
    """

    view: str
    title: str
    words: str
    weekdays: list[str]
    days: list[dict[str, Any]]
    here: str
    earlier: str
    later: str
    nearest: dict[str, str]


def calendar_of(events: QuerySet[Event], asked: Mapping[str, str], today: date) -> EventCalendar:
    """The events of the month or week that `asked` names by `view` and `day`; today's month without. Two queries."""
    view = WEEK if asked.get("view") == WEEK else MONTH
    here = _day(asked.get("day", ""), today)
    weeks = Calendar().monthdatescalendar(here.year, here.month)
    shown = [week for week in weeks if view == MONTH or here in week]
    days = [day for week in shown for day in week]
    inside = [day for day in days if view == WEEK or day.month == here.month]
    found = _by_day(events, inside)
    count = sum(len(found[day]) for day in inside)
    return EventCalendar(
        view=view,
        title=_title(view, inside),
        words=ngettext("%(count)d event", "%(count)d events", count) % {"count": count},
        weekdays=[speech.day_words(day, "weekday") for day in shown[0]],
        days=[_cell(day, found.get(day, []), today, view, is_outside=day not in inside) for day in days],
        here=here.isoformat(),
        earlier=_iso(inside[0] - timedelta(days=1)),
        later=_iso(inside[-1] + timedelta(days=1)),
        nearest={} if count else _nearest(events, inside),
    )


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if FIRST <= day <= LAST else today


def _iso(day: date) -> str:
    return day.isoformat() if FIRST <= day <= LAST else ""


def _title(view: str, inside: Sequence[date]) -> str:
    if view == MONTH:
        return speech.day_words(inside[0], "month of year").capitalize()
    ends = {"first": speech.day_words(inside[0], "day of month"), "last": speech.day_words(inside[-1], "date")}
    return _("%(first)s to %(last)s") % ends


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _by_day(events: QuerySet[Event], inside: Sequence[date]) -> dict[date, list[Event]]:
    """Each event on the day on which it starts on its program's clock."""
    first, last = _midnight(inside[0]) - ZONES_APART, _midnight(inside[-1]) + 2 * ZONES_APART
    found = defaultdict(list)
    for event in events.filter(start__gte=first, start__lt=last).order_by("start", "pk"):
        found[local_day(event.start, event.program.zone)].append(event)
    return found


def _cell(day: date, found: Sequence[Event], today: date, view: str, *, is_outside: bool) -> dict[str, Any]:
    shown = [] if is_outside else list(found[: SHOWN[view]])
    return {
        "day": day,
        "words": speech.day_words(day, "long day"),
        "weekday": speech.day_words(day, "weekday"),
        "is_today": day == today,
        "is_outside": is_outside,
        "items": [_item(event) for event in shown],
        "more": 0 if is_outside else len(found) - len(shown),
    }


def _item(event: Event) -> dict[str, Any]:
    return {
        "url": reverse("operator_event", args=[event.pk]),
        "hours": hours_words(event.start, event.end, event.program.zone),
        "program": event.program.name,
        "is_test": event.is_test,
        **state_badge(event),
    }


def _nearest(events: QuerySet[Event], inside: Sequence[date]) -> dict[str, str]:
    """The next event after the view, else the last one before it."""
    after = Q(start__gte=_midnight(inside[-1]))
    event = events.filter(after).order_by("start").first() or events.filter(~after).order_by("-start").first()
    if event is None:
        return {}
    day = local_day(event.start, event.program.zone)
    return {"day": day.isoformat(), "words": speech.day_words(day, "date")}
