"""A month's pay for standing by: the nomination, and in a month with events the share of it that came.

What the terms promise is a price for each nominated kW and month, event or none. A month is shared among the holders
whom a meter had in it, so that it is paid once:

- Who was called and measured is paid for the rest of the month that others do not take, each event by its hours out
  of the hours of all of the meter's events, each with the kW that came, at most those nominated.
- Who was not is paid the nomination for the part of the month in which the meter stood by for them. An event that
  was skipped in time, that could not be measured, or in which the meter was held out for comparison is no call: it
  costs nothing and counts for nothing, so a month of only such events pays as one without any.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from common.money import Exact, round_half_up, to_fraction

NOTHING = Fraction(0)
WHOLE = Fraction(1)
Who = TypeVar("Who", bound=Hashable)


@dataclass(frozen=True)
class Called:
    """One measured event of the month: its length, the mean kW that came, the kW promised and the price of a month."""

    hours: Exact
    delivered_kw: Exact
    nomination_kw: Exact
    price_per_kw_month: Decimal

    @property
    def counted_kw(self) -> Fraction:
        """What came, between nothing and what was promised."""
        return min(max(NOTHING, to_fraction(self.delivered_kw)), to_fraction(self.nomination_kw))


@dataclass(frozen=True)
class Standing:
    """A part of the month in which a meter stood by: its share of the month, the kW promised and the price."""

    share: Fraction
    nomination_kw: Exact
    price_per_kw_month: Decimal


@dataclass(frozen=True)
class Month:
    """What one holder of a meter was called for in a month, and when the meter stood by for this holder."""

    called: Sequence[Called] = ()
    standing: Sequence[Standing] = ()


@dataclass(frozen=True)
class Reservation:
    """What a month of standing by is worth: the share that came, its pay, and the share of the month it is for."""

    factor: Fraction
    credit: Decimal
    month_share: Fraction = WHOLE


def reservations(holders: Mapping[Who, Month]) -> dict[Who, Reservation]:
    """The pay of each holder of one meter for a month; all together are paid one month at most.

    Cents are given in the order of the holders, so that their sum is the exact sum rounded half up, once.

    >>> called = Month([Called(2, 100, 100, Decimal(18))])
    >>> [each.credit for each in reservations({"A": called, "B": called}).values()]
    [Decimal('900.00'), Decimal('900.00')]
    >>> idle = Month(standing=[Standing(Fraction(1, 3), 20, Decimal(18))])
    >>> [each.credit for each in reservations({"A": called, "B": idle}).values()]
    [Decimal('1200.00'), Decimal('120.00')]
    """
    hours = sum((to_fraction(event.hours) for month in holders.values() for event in month.called), NOTHING)
    idle = sum((part.share for month in holders.values() if not month.called for part in month.standing), NOTHING)
    rest = max(NOTHING, WHOLE - idle)
    found: dict[Who, Reservation] = {}
    exact = NOTHING
    for who, month in holders.items():
        share, factor, worth = _called(month.called, rest / hours) if month.called else _stood(month.standing)
        credit = round_half_up(exact + worth) - round_half_up(exact)
        exact += worth
        found[who] = Reservation(factor, credit, share)
    return found


def _called(events: Sequence[Called], per_hour: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Share of the month, share of the nomination that came, and exact pay."""
    spans = [(to_fraction(event.hours), event) for event in events]
    share = per_hour * sum((hours for hours, _ in spans), NOTHING)
    promised = sum((hours * to_fraction(event.nomination_kw) for hours, event in spans), NOTHING)
    came = sum((hours * event.counted_kw for hours, event in spans), NOTHING)
    worth = sum((hours * event.counted_kw * to_fraction(event.price_per_kw_month) for hours, event in spans), NOTHING)
    return share, came / promised if promised else NOTHING, per_hour * worth


def _stood(parts: Sequence[Standing]) -> tuple[Fraction, Fraction, Fraction]:
    """The same of who was not called: all that was promised."""
    share = sum((part.share for part in parts), NOTHING)
    worth = sum(
        (part.share * to_fraction(part.nomination_kw) * to_fraction(part.price_per_kw_month) for part in parts), NOTHING
    )
    return share, WHOLE if parts else NOTHING, worth


def reservation(events: Sequence[Called]) -> Reservation:
    """The pay of a single holder who was called: Σ hours × kW × price / Σ hours, each event's kW at most nominated.

    With one nomination and one price all month that is factor × nomination × price.

    >>> reservation([Called(2, 95, 100, Decimal(18)), Called(4, 60, 100, Decimal(18))]).credit
    Decimal('1290.00')
    """
    return reservations({None: Month(events)})[None]
