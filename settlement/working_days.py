"""Working days of a program's calendar: Monday to Friday, no holiday."""

from collections.abc import Collection
from datetime import date, timedelta

SATURDAY = 5


def working_day_after(day: date, count: int, holidays: Collection[date] = ()) -> date:
    """The working day that comes so many working days after a day; the day itself does not count.

    >>> working_day_after(date(2026, 7, 1), 2, {date(2026, 7, 3)})
    datetime.date(2026, 7, 6)
    """
    left = count
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < SATURDAY and day not in holidays
    return day
