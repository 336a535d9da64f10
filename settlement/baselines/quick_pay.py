"""Reward and pay of an ordinary meter in whole numbers: what `compute_reward` and `pay` say, to the cent and letter."""

from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import NamedTuple

from settlement.baselines.many import Quick, Ratio
from settlement.baselines.model import Event
from settlement.baselines.pay import ClippedBy, PaidKind, PayCap, PayTerms
from settlement.baselines.rewards import WH_PER_KWH, CapacityTerms, Floor, RewardStatus

CENTS = 2


class QuickTerms(NamedTuple):
    """Prices and hours as numerators and denominators."""

    hours: Ratio
    rate: Ratio
    wholesale: Ratio
    floor: Floor
    places: int


class QuickReward(NamedTuple):
    """What a line says of a reward; ratios are in lowest terms.

    Attributes:
        delivered_wh: rounded half up to whole Wh.
    """

    status: RewardStatus
    performance_wh: Ratio
    performance_factor: Ratio | None
    delivered_wh: int
    credit: Decimal
    demand_savings: Decimal


class QuickPayTerms(NamedTuple):
    """Terms that pay kW, kWh and points, and nothing that needs more than the reward."""

    terms: PayTerms
    rate_per_kw: Ratio
    rate_per_kwh: Ratio
    is_up_to_nomination: bool


class QuickClip(NamedTuple):
    """As `Clip`."""

    by: ClippedBy
    before: Ratio
    after: Ratio


class QuickLine(NamedTuple):
    """As `PaidLine`; ratios in lowest terms."""

    kind: PaidKind
    quantity: Ratio
    unit: str
    price: Decimal
    credit: Decimal
    clips: tuple[QuickClip, ...]

    def data(self) -> dict[str, object]:
        """As `PaidLine.data`."""
        clips = [{"by": by.value, "before": _text(before), "after": _text(after)} for by, before, after in self.clips]
        return {
            "kind": self.kind.value,
            "quantity": _text(self.quantity),
            "unit": self.unit,
            "price": f"{self.price:f}",
            "credit": f"{self.credit:f}",
            "clips": clips,
        }


class QuickPay(NamedTuple):
    """As `Pay`, under terms without a cap on money."""

    status: RewardStatus
    lines: tuple[QuickLine, ...]
    points: int

    @property
    def is_season_clipped(self) -> bool:
        """Never: terms with a season's cap are not quick."""
        return False


class _Delivered(NamedTuple):
    """Wh and kW that may be paid, and what made them smaller."""

    wh: Ratio
    kw: Ratio
    wh_clips: tuple[QuickClip, ...] = ()
    kw_clips: tuple[QuickClip, ...] = ()


def quick_terms(terms: CapacityTerms, event: Event) -> QuickTerms:
    """The terms for all meters of an event."""
    return QuickTerms(
        hours=event.hours.as_integer_ratio(),
        rate=Fraction(terms.rate_per_kw).as_integer_ratio(),
        wholesale=Fraction(terms.wholesale_cost_per_kw).as_integer_ratio(),
        floor=terms.floor,
        places=terms.places,
    )


def quick_reward(quick: Quick, terms: QuickTerms, nomination: Ratio | None) -> QuickReward:
    """The worth of an ordinary meter's event; every reading of the event is there and counts.

    Args:
        nomination: kW as a ratio, not negative; None and 0 earn nothing.
    """
    values, denominator = quick.settled
    if terms.floor is Floor.EVENT:
        top = sum(values) - denominator * sum(quick.actual)
    else:
        deltas = (value - denominator * wh for value, wh in zip(values, quick.actual, strict=True))
        top = sum(delta for delta in deltas if delta > 0)
    performance = _lowest(top, denominator)
    kw = top * terms.hours[1], denominator * WH_PER_KWH * terms.hours[0]
    delivered = max(0, kw[0]), kw[1]
    if not nomination or not nomination[0]:
        nothing = _money(0, 1, terms.places)
        savings = _money(delivered[0] * terms.wholesale[0], kw[1] * terms.wholesale[1], terms.places)
        status = RewardStatus.NO_NOMINATION
        return QuickReward(status, performance, None, _half_up(*_floored(performance)), nothing, savings)
    paid = nomination if delivered[0] * nomination[1] > nomination[0] * delivered[1] else delivered
    return QuickReward(
        status=RewardStatus.OK,
        performance_wh=performance,
        performance_factor=_lowest(kw[0] * nomination[1], kw[1] * nomination[0]),
        delivered_wh=_half_up(*_floored(performance)),
        credit=_money(paid[0] * terms.rate[0], paid[1] * terms.rate[1], terms.places),
        demand_savings=_money(delivered[0] * terms.wholesale[0], kw[1] * terms.wholesale[1], terms.places),
    )


def quick_pay_terms(terms: PayTerms) -> QuickPayTerms | None:
    """The terms for `quick_pay`; None if they pay for more than kW, kWh and points, or cap money or site load."""
    others = (terms.flat_per_event, terms.threshold_amount, terms.bonus_amount, terms.penalty_per_kw)
    capped = terms.cap_per_event is not None or terms.cap_per_season is not None
    if any(others) or capped or terms.pay_cap is PayCap.UP_TO_SITE_LOAD:
        return None
    return QuickPayTerms(
        terms=terms,
        rate_per_kw=terms.rate_per_kw.as_integer_ratio(),
        rate_per_kwh=terms.rate_per_kwh.as_integer_ratio(),
        is_up_to_nomination=terms.pay_cap is PayCap.UP_TO_NOMINATION,
    )


def quick_pay(reward: QuickReward, quick: QuickPayTerms, hours: Ratio, nomination: Ratio | None) -> QuickPay:
    """The paid lines of an ordinary meter's event; the terms are not plain.

    Args:
        reward: by `quick_reward` under the same floor, rate and nomination.
        hours: of the event.
    """
    terms, status = quick.terms, reward.status
    if status is RewardStatus.NO_NOMINATION and not terms.needs_nomination:
        status = RewardStatus.OK
    delivered = _delivered(reward, quick, hours, nomination)
    wh = delivered.wh
    lines = []
    if terms.primary is PaidKind.CAPACITY:
        price, rate = terms.rate_per_kw, quick.rate_per_kw
        lines.append(_line(PaidKind.CAPACITY, delivered.kw, "kW", price, rate, delivered.kw_clips))
    if terms.primary is PaidKind.ENERGY or (terms.rate_per_kwh and wh[0]):
        kwh = _lowest(wh[0], wh[1] * WH_PER_KWH)
        price, rate = terms.rate_per_kwh, quick.rate_per_kwh
        lines.append(_line(PaidKind.ENERGY, kwh, "kWh", price, rate, delivered.wh_clips))
    return QuickPay(status, tuple(lines), wh[0] * terms.points_per_kwh // (wh[1] * WH_PER_KWH))


def _delivered(reward: QuickReward, quick: QuickPayTerms, hours: Ratio, most: Ratio | None) -> _Delivered:
    wh = _floored(reward.performance_wh)
    kw = _lowest(wh[0] * hours[1], wh[1] * WH_PER_KWH * hours[0])
    if not quick.is_up_to_nomination:
        return _Delivered(wh, kw)
    if most is None:
        return _Delivered(wh, (0, 1), kw_clips=(QuickClip(ClippedBy.NOMINATION, kw, (0, 1)),) if kw[0] else ())
    if kw[0] * most[1] <= most[0] * kw[1]:
        return _Delivered(wh, kw)
    kw_clips = (QuickClip(ClippedBy.NOMINATION, kw, most),)
    if not most[0]:
        return _Delivered(wh, most, kw_clips=kw_clips)
    most_wh = _lowest(most[0] * hours[0] * WH_PER_KWH, most[1] * hours[1])
    return _Delivered(most_wh, most, (QuickClip(ClippedBy.NOMINATION, wh, most_wh),), kw_clips)


def _line(
    kind: PaidKind, quantity: Ratio, unit: str, price: Decimal, rate: Ratio, clips: tuple[QuickClip, ...]
) -> QuickLine:
    credit = _money(quantity[0] * rate[0], quantity[1] * rate[1], CENTS)
    return QuickLine(kind, quantity, unit, price, credit, clips)


def _text(ratio: Ratio) -> str:
    return f"{ratio[0]}/{ratio[1]}"


def _floored(ratio: Ratio) -> Ratio:
    return ratio if ratio[0] > 0 else (0, 1)


def _lowest(top: int, bottom: int) -> Ratio:
    factor = gcd(top, bottom)
    return top // factor, bottom // factor


def _half_up(top: int, bottom: int) -> int:
    """Of a number that is not negative."""
    return (2 * top + bottom) // (2 * bottom)


def _money(top: int, bottom: int, places: int) -> Decimal:
    return Decimal(_half_up(top * 10**places, bottom)).scaleb(-places)
