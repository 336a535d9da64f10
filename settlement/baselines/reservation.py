"""A month's pay for standing by, from how much of the nomination came when it was called."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from common.money import Exact, round_half_up, to_fraction

NOTHING = Fraction(0)


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
class Reservation:
    """What a month of standing by is worth: the share that came, and its pay."""

    factor: Fraction
    credit: Decimal


def reservation(events: Sequence[Called]) -> Reservation:
    """The pay for a month: Σ hours × kW × price / Σ hours, each event's kW at most its nomination.

    With one nomination and one price all month that is factor × nomination × price. Events in which the meter was not
    measured, had no nomination or was skipped in time are left out by the caller: they cost nothing. A month without
    any pays nothing, as nothing was delivered.

    >>> reservation([Called(2, 95, 100, Decimal(18)), Called(4, 60, 100, Decimal(18))])
    Reservation(factor=Fraction(43, 60), credit=Decimal('1290.00'))
    """
    if not events:
        return Reservation(NOTHING, Decimal("0.00"))
    hours = sum((to_fraction(event.hours) for event in events), NOTHING)
    promised = sum((to_fraction(event.hours) * to_fraction(event.nomination_kw) for event in events), NOTHING)
    came = sum((to_fraction(event.hours) * event.counted_kw for event in events), NOTHING)
    worth = sum(
        (to_fraction(event.hours) * event.counted_kw * to_fraction(event.price_per_kw_month) for event in events),
        NOTHING,
    )
    return Reservation(came / promised if promised else NOTHING, round_half_up(worth / hours))
