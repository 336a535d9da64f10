"""Which days are ordinary, so that an event on them would have found nothing to pay for."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import date

SATURDAY = 5
EARLIER_DAYS = 12
NEAR_DAYS = 10
NEAR_WITHIN = 25


def ordinary_days(
    known: Iterable[date], *, holidays: AbstractSet[date], event_days: AbstractSet[date], first: date, last: date
) -> list[date]:
    """The days from first to last that are audited: business days that are neither holidays nor event days.

    Each has at least 12 earlier such days, the tenth of them within 25 calendar days.

    Args:
        known: all days with readings, those before `first` among them.

    >>> from datetime import timedelta
    >>> june = [date(2026, 6, 1) + timedelta(days=number) for number in range(30)]
    >>> found = ordinary_days(june, holidays=set(), event_days=set(), first=june[0], last=june[-1])
    >>> found[0].isoformat(), len(found)
    ('2026-06-17', 10)
    """
    business = sorted(
        day for day in set(known) if day.weekday() < SATURDAY and day not in holidays and day not in event_days
    )
    return [
        day
        for place, day in enumerate(business)
        if first <= day <= last and place >= EARLIER_DAYS and (day - business[place - NEAR_DAYS]).days <= NEAR_WITHIN
    ]
