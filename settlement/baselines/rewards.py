"""What a measured event is worth: exact until the one rounding to the cent at the end."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from common.money import Exact, round_half_up, to_fraction
from settlement.baselines.errors import InvalidTerms
from settlement.baselines.model import Baseline, BaselineStatus

WH_PER_KWH = 1000


class Floor(StrEnum):
    """Where a negative saving stops counting: once over the whole event, or in every interval."""

    EVENT = "EVENT"
    INTERVAL = "INTERVAL"


class RewardStatus(StrEnum):
    """Whether a reward is due, and if not, why."""

    OK = "OK"
    NO_NOMINATION = "NO_NOMINATION"
    INSUFFICIENT_HISTORY = "INSUFFICIENT_HISTORY"
    DATA_PENDING = "DATA_PENDING"
    UNMEASURED = "UNMEASURED"


@dataclass(frozen=True)
class CapacityTerms:
    """Prices of a program that pays per kW delivered in an event, up to the nomination.

    Attributes:
        rate_per_kw: paid per kW of mean reduction over the event.
        wholesale_cost_per_kw: what a kW of reduction saves the distributor.
        places: decimals of the currency.
    """

    rate_per_kw: Decimal
    wholesale_cost_per_kw: Decimal = Decimal(0)
    floor: Floor = Floor.EVENT
    places: int = 2

    def __post_init__(self) -> None:
        _not_negative(self.rate_per_kw, "rate per kW")
        _not_negative(self.wholesale_cost_per_kw, "wholesale cost per kW")


@dataclass(frozen=True)
class Reward:
    """The worth of one participant's event; energies and factor are None where nothing was measured.

    Attributes:
        performance_wh: signed reduction after the floor per interval, if that is the rule.
        performance_factor: mean kW over the event / nominated kW, signed; None without a nomination.
        delivered_wh: the reduction, never below zero.
    """

    status: RewardStatus
    performance_wh: Fraction | None
    performance_kw: Fraction | None
    nomination_kw: Fraction | None
    performance_factor: Fraction | None
    delivered_wh: Fraction | None
    delivered_kw: Fraction | None
    credit: Decimal
    demand_savings: Decimal


def compute_reward(baseline: Baseline, terms: CapacityTerms, nomination_kw: Exact | None) -> Reward:
    """The credit and the distributor's demand savings for one baseline.

    Without a nomination (None or 0 kW) the performance is reported and nothing is paid. Where the baseline is
    not OK nothing is paid either, and nothing is held against the participant.

    Raises:
        InvalidTerms: if the nomination is negative.
    """
    nomination = None if nomination_kw is None else to_fraction(nomination_kw)
    if nomination is not None:
        _not_negative(nomination, "nomination")
    if baseline.status is not BaselineStatus.OK:
        return _unpaid(RewardStatus(baseline.status.value), nomination, terms)
    performance_wh = floored_sum(baseline.counted_deltas_wh, terms.floor)
    performance_kw = performance_wh / WH_PER_KWH / baseline.event.hours
    delivered_kw = max(Fraction(0), performance_kw)
    return Reward(
        status=RewardStatus.OK if nomination else RewardStatus.NO_NOMINATION,
        performance_wh=performance_wh,
        performance_kw=performance_kw,
        nomination_kw=nomination,
        performance_factor=performance_kw / nomination if nomination else None,
        delivered_wh=max(Fraction(0), performance_wh),
        delivered_kw=delivered_kw,
        credit=capacity_credit(performance_kw, nomination or 0, terms.rate_per_kw, terms.places),
        demand_savings=round_half_up(delivered_kw * Fraction(terms.wholesale_cost_per_kw), terms.places),
    )


def _unpaid(status: RewardStatus, nomination: Fraction | None, terms: CapacityTerms) -> Reward:
    nothing = round_half_up(0, terms.places)
    return Reward(status, None, None, nomination, None, None, None, nothing, nothing)


def floored_sum(deltas_wh: Iterable[Fraction], floor: Floor) -> Fraction:
    """The signed sum of the deltas, those below zero left out if the floor is per interval."""
    if floor is Floor.EVENT:
        return sum(deltas_wh, Fraction(0))
    return sum((max(Fraction(0), delta) for delta in deltas_wh), Fraction(0))


def capacity_credit(performance_kw: Exact, nomination_kw: Exact, rate_per_kw: Decimal, places: int = 2) -> Decimal:
    """The credit for a mean reduction: nothing at or below zero, and no more than the nomination earns.

    Source: the settlement of the 2021 load-response program: credit = 0 if the performance is not above 0,
    nomination x rate if the factor is above 1, else performance x rate. Its events last one hour, so that kWh
    and kW agree; for other lengths we take the mean kW over the event, and the rate is paid once per event.

    Raises:
        InvalidTerms: if the nomination is negative.

    >>> capacity_credit(Fraction(11088, 100), 100, Decimal("2.80"))
    Decimal('280.00')
    """
    nomination = to_fraction(nomination_kw)
    _not_negative(nomination, "nomination")
    paid_kw = min(max(Fraction(0), to_fraction(performance_kw)), nomination)
    return round_half_up(paid_kw * to_fraction(rate_per_kw), places)


def energy_credit(
    deltas_wh: Iterable[Fraction], price_per_kwh: Decimal, floor: Floor = Floor.EVENT, places: int = 2
) -> Decimal:
    """The credit per kWh saved, never below zero.

    >>> energy_credit([Fraction(600), Fraction(-400)], Decimal("2.00"))
    Decimal('0.40')
    """
    _not_negative(price_per_kwh, "price per kWh")
    delivered = max(Fraction(0), floored_sum(deltas_wh, floor))
    return round_half_up(delivered * to_fraction(price_per_kwh) / WH_PER_KWH, places)


def points(delivered_wh: Exact, points_per_kwh: Exact) -> int:
    """Whole points for the energy saved, rounded down, never below zero.

    >>> points(2052, 100)
    205
    """
    earned = max(Fraction(0), to_fraction(delivered_wh)) * to_fraction(points_per_kwh) / WH_PER_KWH
    return earned.numerator // earned.denominator


def capacity_factor(deliveries: Iterable[tuple[Exact, Exact]], nomination_kw: Exact) -> Fraction:
    """The share of a nomination that was delivered over several spans: Σ hours x kW / (Σ hours x nomination).

    Args:
        deliveries: (hours, mean kW delivered) of each span.

    Raises:
        InvalidTerms: without a nomination or without hours.

    >>> capacity_factor([(2, 95), (4, 60)], 100)
    Fraction(43, 60)
    """
    spans = [(to_fraction(hours), to_fraction(kw)) for hours, kw in deliveries]
    whole = sum(hours for hours, _ in spans) * to_fraction(nomination_kw)
    if whole <= 0:
        raise InvalidTerms("A performance factor needs a nomination and at least one span.")
    return sum((hours * kw for hours, kw in spans), Fraction(0)) / whole


def reservation_credit(nomination_kw: Exact, price_per_kw_month: Decimal, factor: Fraction, places: int = 2) -> Decimal:
    """A month's pay for standing by, in proportion to what was delivered; never above the whole."""
    paid = to_fraction(nomination_kw) * to_fraction(price_per_kw_month) * min(max(Fraction(0), factor), Fraction(1))
    return round_half_up(paid, places)


def correction(paid: Decimal, due: Decimal) -> Decimal:
    """The signed amount of the entry that turns what was paid into what is due."""
    return due - paid


def _not_negative(value: Decimal | Fraction, what: str) -> None:
    if to_fraction(value) < 0:
        raise InvalidTerms(f"The {what} cannot be negative.")
