"""Which local days are holidays for a program."""

from datetime import date

from common.holiday_calendar import calendar_days
from events.models import ProgramVersion


def check_calendar(code: str) -> None:
    """Passes a code that `calendar_days` knows.

    Raises:
        UnknownCalendar: It knows none such.
    """
    calendar_days(code, [2000])


def holiday_days(version: ProgramVersion, first: date, last: date) -> frozenset[date]:
    """The version's holidays from the first to the last day, both included: its calendar's and its own."""
    own = {date.fromisoformat(text) for text in version.holidays}
    named = calendar_days(version.holiday_calendar, range(first.year, last.year + 1))
    return frozenset(day for day in own | named if first <= day <= last)
