"""What a program pays for a measured event: one paid line per kind, exact until each is rounded to the cent once.

Without delivered energy nothing is paid, of whatever kind. A penalty is an organization's alone, and only where every
interval of the event was metered. Caps clip lines in the order of `PaidKind`, so the sum of a meter's lines never
exceeds them; what was clipped by which cap stays with the line.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

from common.money import fraction_text, round_half_up, to_fraction
from settlement.baselines.errors import InvalidTerms
from settlement.baselines.model import Baseline
from settlement.baselines.rewards import WH_PER_KWH, Floor, Reward, RewardStatus, floored_sum, points

NOTHING = Fraction(0)
NO_MONEY = Decimal("0.00")


class PaidKind(StrEnum):
    """What a line pays for, in the order in which caps fill up."""

    CAPACITY = "capacity"
    ENERGY = "energy"
    THRESHOLD = "threshold"
    BONUS = "bonus"
    FLAT = "flat"
    PENALTY = "penalty"


class PayCap(StrEnum):
    """How much delivered load may be paid."""

    UP_TO_NOMINATION = "UP_TO_NOMINATION"
    UP_TO_SITE_LOAD = "UP_TO_SITE_LOAD"
    EXPORTS_ALLOWED = "EXPORTS_ALLOWED"


class ClippedBy(StrEnum):
    """What made a line smaller."""

    NOMINATION = "nomination"
    SITE_LOAD = "site_load"
    EVENT = "cap_per_event"
    SEASON = "cap_per_season"


@dataclass(frozen=True)
class PayTerms:
    """Prices and caps of a version; each field is a column of `ProgramVersion` and means the same.

    Raises:
        InvalidTerms: A price, a threshold or a cap below zero.
    """

    rate_per_kw: Decimal = Decimal(0)
    rate_per_kwh: Decimal = Decimal(0)
    flat_per_event: Decimal = Decimal(0)
    threshold_kwh: Decimal | None = None
    threshold_amount: Decimal = Decimal(0)
    bonus_factor: Decimal | None = None
    bonus_amount: Decimal = Decimal(0)
    penalty_per_kw: Decimal = Decimal(0)
    points_per_kwh: int = 0
    floor: Floor = Floor.EVENT
    pay_cap: PayCap = PayCap.UP_TO_NOMINATION
    cap_per_event: Decimal | None = None
    cap_per_season: Decimal | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, Decimal | int) and value < 0:
                raise InvalidTerms(f"The {name.replace('_', ' ')} cannot be negative.")

    @cached_property
    def primary(self) -> PaidKind:
        """The kind of the line that carries the measurement: energy where only kWh are paid."""
        return PaidKind.ENERGY if self.rate_per_kwh and not self.rate_per_kw else PaidKind.CAPACITY

    @cached_property
    def needs_nomination(self) -> bool:
        """Whether nothing at all is paid without a nomination: kW are paid up to it, and nothing else is."""
        other = self.rate_per_kwh or self.flat_per_event or self.points_per_kwh
        return self.pay_cap is PayCap.UP_TO_NOMINATION and not (other or self.threshold_amount)

    @cached_property
    def is_plain(self) -> bool:
        """Whether kW up to the nomination are all that is paid: the reward's own credit says it."""
        others = (
            self.rate_per_kwh, self.flat_per_event, self.threshold_amount, self.bonus_amount, self.penalty_per_kw,
            self.points_per_kwh,
        )  # fmt: skip
        capped = self.cap_per_event is not None or self.cap_per_season is not None
        return self.pay_cap is PayCap.UP_TO_NOMINATION and not any(others) and not capped


@dataclass(frozen=True)
class Clip:
    """A cap that made a line smaller: from which figure to which, of kW, Wh or money."""

    by: ClippedBy
    before: Fraction
    after: Fraction

    def data(self) -> dict[str, str]:
        """The clip as JSON values."""
        return {"by": self.by.value, "before": fraction_text(self.before), "after": fraction_text(self.after)}


@dataclass(frozen=True)
class PaidLine:
    """One amount: quantity × price, as far as caps allow, rounded half up once.

    Attributes:
        unit: of the quantity: kW, kWh, or event.
        clips: what made it smaller, in order.
    """

    kind: PaidKind
    quantity: Fraction
    unit: str
    price: Decimal
    credit: Decimal
    clips: tuple[Clip, ...] = ()

    def data(self) -> dict[str, object]:
        """The line as JSON values; the price with its decimals, the quantity as "n/d"."""
        return {
            "kind": self.kind.value,
            "quantity": fraction_text(self.quantity),
            "unit": self.unit,
            "price": f"{self.price:f}",
            "credit": f"{self.credit:f}",
            "clips": [clip.data() for clip in self.clips],
        }


@dataclass(frozen=True)
class Pay:
    """All that one meter's event pays: the primary line first, always; others only where there is something to say."""

    status: RewardStatus
    lines: tuple[PaidLine, ...]
    points: int = 0

    @property
    def total(self) -> Decimal:
        """The sum of the lines, penalties taken off."""
        return sum((line.credit for line in self.lines), NO_MONEY)

    @property
    def is_season_clipped(self) -> bool:
        """Whether what was earned before in the season changed anything."""
        return any(clip.by is ClippedBy.SEASON for line in self.lines for clip in line.clips)


@dataclass
class _Room:
    """How much money the caps leave, in whole cents, while lines are written."""

    caps: list[tuple[ClippedBy, Decimal]] = field(default_factory=list)

    def take(self, amount: Decimal, clips: tuple[Clip, ...]) -> tuple[Decimal, tuple[Clip, ...]]:
        for by, room in self.caps:
            if amount > room:
                clips = (*clips, Clip(by, Fraction(amount), Fraction(room)))
                amount = room
        self.caps = [(by, room - amount) for by, room in self.caps]
        return amount, clips


@dataclass(frozen=True)
class _Delivered:
    """What may be paid: energy and mean power after the pay cap."""

    wh: Fraction
    kw: Fraction
    wh_clips: tuple[Clip, ...] = ()
    kw_clips: tuple[Clip, ...] = ()


def pay(
    baseline: Baseline,
    reward: Reward,
    terms: PayTerms,
    *,
    is_organization: bool = False,
    paid_before: Decimal = NO_MONEY,
) -> Pay:
    """The paid lines of one meter's event.

    Args:
        reward: what `compute_reward` measured under the same floor, rate and nomination.
        is_organization: only organizations pay penalties.
        paid_before: what the same meter earned its holder in the season's other events, for the season's cap.

    >>> PayTerms(rate_per_kwh=Decimal("2.00")).primary.value
    'energy'
    """
    if reward.performance_wh is None or terms.is_plain:
        return Pay(reward.status, (_plain(reward, terms),))
    status = reward.status
    if status is RewardStatus.NO_NOMINATION and not terms.needs_nomination:
        status = RewardStatus.OK
    delivered = _delivered(baseline, reward, terms)
    room = _room(terms, paid_before)
    lines = [_primary(reward, terms, delivered, room)]
    if delivered.wh > 0:
        lines += _further(reward, terms, delivered, room)
    if is_organization and terms.penalty_per_kw:
        lines += _penalty(baseline, reward, terms)
    return Pay(status, tuple(lines), points(delivered.wh, terms.points_per_kwh) if terms.points_per_kwh else 0)


def _plain(reward: Reward, terms: PayTerms) -> PaidLine:
    unit, price = _unit_of(terms)
    if reward.performance_wh is None or not reward.delivered_kw:
        return PaidLine(terms.primary, NOTHING, unit, price, reward.credit)
    delivered, nominated = reward.delivered_kw, reward.nomination_kw or NOTHING
    if delivered <= nominated:
        return PaidLine(terms.primary, delivered, unit, price, reward.credit)
    clips = (Clip(ClippedBy.NOMINATION, delivered, nominated),)
    return PaidLine(terms.primary, nominated, unit, price, reward.credit, clips)


def _unit_of(terms: PayTerms) -> tuple[str, Decimal]:
    is_energy = terms.primary is PaidKind.ENERGY
    return ("kWh", terms.rate_per_kwh) if is_energy else ("kW", terms.rate_per_kw)


def _delivered(baseline: Baseline, reward: Reward, terms: PayTerms) -> _Delivered:
    hours = baseline.event.hours
    wh = reward.delivered_wh or NOTHING
    if terms.pay_cap is PayCap.UP_TO_SITE_LOAD:
        within = max(NOTHING, floored_sum(_within_site_load(baseline), terms.floor))
        clips = (Clip(ClippedBy.SITE_LOAD, wh, within),) if within < wh else ()
        wh = min(wh, within)
        return _Delivered(wh, wh / WH_PER_KWH / hours, clips, clips)
    kw = wh / WH_PER_KWH / hours
    if terms.pay_cap is PayCap.EXPORTS_ALLOWED:
        return _Delivered(wh, kw)
    # kW are paid up to the nomination, so without one not at all; kWh are, where nobody nominated anything.
    most = reward.nomination_kw
    if most is None:
        return _Delivered(wh, NOTHING, kw_clips=(Clip(ClippedBy.NOMINATION, kw, NOTHING),) if kw else ())
    if kw <= most:
        return _Delivered(wh, kw)
    most_wh = most * hours * WH_PER_KWH if most else wh
    wh_clips = (Clip(ClippedBy.NOMINATION, wh, most_wh),) if most_wh < wh else ()
    return _Delivered(most_wh, most, wh_clips, (Clip(ClippedBy.NOMINATION, kw, most),))


def _within_site_load(baseline: Baseline) -> Iterator[Fraction]:
    """Deltas without what was fed to the grid, usually or now."""
    for slot in baseline.slots:
        if slot.counts and slot.actual_wh is not None:
            yield max(NOTHING, slot.baseline_wh) - max(0, slot.actual_wh)


def _room(terms: PayTerms, paid_before: Decimal) -> _Room:
    caps = []
    if terms.cap_per_event is not None:
        caps.append((ClippedBy.EVENT, _whole_cents(terms.cap_per_event)))
    if terms.cap_per_season is not None:
        caps.append((ClippedBy.SEASON, max(NO_MONEY, _whole_cents(terms.cap_per_season) - paid_before)))
    return _Room(caps)


def _whole_cents(cap: Decimal) -> Decimal:
    return cap.quantize(Decimal("0.01"), rounding=ROUND_FLOOR)


def _primary(reward: Reward, terms: PayTerms, delivered: _Delivered, room: _Room) -> PaidLine:
    if terms.primary is PaidKind.ENERGY:
        return _line(PaidKind.ENERGY, delivered.wh / WH_PER_KWH, "kWh", terms.rate_per_kwh, delivered.wh_clips, room)
    return _line(PaidKind.CAPACITY, delivered.kw, "kW", terms.rate_per_kw, delivered.kw_clips, room)


def _further(reward: Reward, terms: PayTerms, delivered: _Delivered, room: _Room) -> Iterator[PaidLine]:
    """The lines beside the primary one; energy was delivered."""
    kwh = delivered.wh / WH_PER_KWH
    if terms.primary is not PaidKind.ENERGY and terms.rate_per_kwh:
        yield _line(PaidKind.ENERGY, kwh, "kWh", terms.rate_per_kwh, delivered.wh_clips, room)
    if terms.threshold_amount and terms.threshold_kwh is not None and kwh >= to_fraction(terms.threshold_kwh):
        yield _once(PaidKind.THRESHOLD, terms.threshold_amount, room)
    if _has_bonus(reward, terms, delivered):
        yield _once(PaidKind.BONUS, terms.bonus_amount, room)
    if terms.flat_per_event:
        yield _once(PaidKind.FLAT, terms.flat_per_event, room)


def _has_bonus(reward: Reward, terms: PayTerms, delivered: _Delivered) -> bool:
    if not terms.bonus_amount or terms.bonus_factor is None or not reward.nomination_kw:
        return False
    # The factor that the line shows, but for what was fed to the grid where that does not count.
    is_cut = terms.pay_cap is PayCap.UP_TO_SITE_LOAD
    factor = delivered.kw / reward.nomination_kw if is_cut else reward.performance_factor or NOTHING
    return factor >= to_fraction(terms.bonus_factor)


def _once(kind: PaidKind, amount: Decimal, room: _Room) -> PaidLine:
    return _line(kind, Fraction(1), "event", amount, (), room)


def _line(
    kind: PaidKind, quantity: Fraction, unit: str, price: Decimal, clips: tuple[Clip, ...], room: _Room
) -> PaidLine:
    credit, clips = room.take(round_half_up(quantity * to_fraction(price)), clips)
    return PaidLine(kind, quantity, unit, price, credit, clips)


def _penalty(baseline: Baseline, reward: Reward, terms: PayTerms) -> Iterator[PaidLine]:
    """What an organization owes for each kW nominated and not delivered; nothing where a slot was not metered."""
    if not reward.nomination_kw or not all(slot.counts for slot in baseline.slots):
        return
    missing = reward.nomination_kw - min(reward.delivered_kw or NOTHING, reward.nomination_kw)
    amount = round_half_up(-missing * to_fraction(terms.penalty_per_kw))
    if amount:
        yield PaidLine(PaidKind.PENALTY, missing, "kW", -terms.penalty_per_kw, amount)
