"""A standing wish in one plain sentence."""

from datetime import date, datetime, time

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from common.speech import day_words, hour_words, hours_words
from events.wishes import Wish, is_midnight

_DAYS = (
    _lazy("Mondays"),
    _lazy("Tuesdays"),
    _lazy("Wednesdays"),
    _lazy("Thursdays"),
    _lazy("Fridays"),
    _lazy("Saturdays"),
    _lazy("Sundays"),
)
_SETS = {
    "0123456": _lazy("every day"),
    "01234": _lazy("from Monday to Friday"),
    "56": _lazy("on Saturdays and Sundays"),
}


def wish_words(wish: Wish, program: str = "") -> str:
    """What the wish does, such as "You skip events on Sundays from 4 to 9 pm."

    Args:
        program: the name of the only program that it is about; empty for all.
    """
    when = " ".join(part for part in (_days(wish.weekdays), _hours(wish), _dates(wish)) if part)
    if program:
        return _("You skip events of %(program)s %(when)s.") % {"program": program, "when": when}
    return _("You skip events %(when)s.") % {"when": when}


def _days(weekdays: str) -> str:
    if weekdays in _SETS:
        return str(_SETS[weekdays])
    names = [str(_DAYS[int(digit)]) for digit in weekdays]
    if len(names) == 1:
        return _("on %(days)s") % {"days": names[0]}
    return _("on %(days)s and %(last)s") % {"days": ", ".join(names[:-1]), "last": names[-1]}


def _hours(wish: Wish) -> str:
    if wish.hours_from is None or wish.hours_to is None:
        return ""
    start = datetime.combine(date(2000, 1, 1), wish.hours_from)
    if is_midnight(wish.hours_to):
        if wish.hours_from == time.min:
            return ""
        return _("from %(hour)s to midnight") % {"hour": hour_words(start)}
    end = datetime.combine(date(2000, 1, 1), wish.hours_to)
    return _("from %(hours)s") % {"hours": hours_words(start, end)}


def _dates(wish: Wish) -> str:
    first, last = (day_words(day, "date") if day else "" for day in (wish.first_day, wish.last_day))
    if first and last:
        return _("between %(first)s and %(last)s") % {"first": first, "last": last}
    if first:
        return _("from %(first)s on") % {"first": first}
    return _("until %(last)s") % {"last": last} if last else ""
