"""What an event is expected to cost, and what it may cost at most, under the terms of a version. Pure.

The settlement computes what is paid; this is what an operator sees before it, and what a budget keeps aside.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from events.models import PayCap, ProgramVersion

CENT = Decimal("0.01")
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Part:
    """One meter in a coming event.

    Attributes:
        expected_kw: what it is expected to deliver.
        nominated_kw: what it nominated, if anything.
        load_kw: the highest that it drew lately, if that is known: nobody saves more than they use.
    """

    expected_kw: Decimal
    nominated_kw: Decimal | None
    load_kw: Decimal | None = None


def expected_cost(version: ProgramVersion, parts: Iterable[Part], hours: Decimal) -> Decimal:
    """What the meters earn if each delivers what is expected of it, in the distributor's currency."""
    return _cents(sum((_earns(version, part, hours) for part in parts), NOTHING))


def highest_cost(version: ProgramVersion, parts: Iterable[Part], hours: Decimal) -> Decimal:
    """What the meters earn if each delivers all that is paid: what it nominated where that is the cap, else its load.

    A meter of which nothing is known counts as nothing: `unknown_parts` says how many there are.
    """
    return _cents(sum((_earns_most(version, part, hours) for part in parts), NOTHING))


def unknown_parts(version: ProgramVersion, parts: Iterable[Part]) -> int:
    """Of how many of the meters nobody can say what they earn at most; of none where the terms cap it."""
    return 0 if version.cap_per_event is not None else sum(_is_unknown(version, part) for part in parts)


def _is_unknown(version: ProgramVersion, part: Part) -> bool:
    pays_load = bool(version.rate_per_kw or version.rate_per_kwh)
    return pays_load and part.nominated_kw is None and part.load_kw is None and part.expected_kw <= 0


def is_capped_by_nomination(version: ProgramVersion, nominated_kw: Decimal | None) -> bool:
    """Whether no more is paid than what the meter nominated."""
    return version.pay_cap == PayCap.UP_TO_NOMINATION and nominated_kw is not None


def _paid_kw(version: ProgramVersion, part: Part, kw: Decimal) -> Decimal:
    is_capped = is_capped_by_nomination(version, part.nominated_kw)
    return min(kw, part.nominated_kw) if is_capped and part.nominated_kw is not None else kw


def _earns(version: ProgramVersion, part: Part, hours: Decimal) -> Decimal:
    kw = _paid_kw(version, part, part.expected_kw)
    if kw <= 0:
        return NOTHING
    bonus, threshold = version.bonus_factor, version.threshold_kwh
    amount = _for_kw(version, kw, hours)
    if threshold is not None and kw * hours >= threshold:
        amount += version.threshold_amount
    if bonus is not None and part.nominated_kw and part.expected_kw >= bonus * part.nominated_kw:
        amount += version.bonus_amount
    return _capped(version, amount)


def _earns_most(version: ProgramVersion, part: Part, hours: Decimal) -> Decimal:
    if version.cap_per_event is not None and _is_unknown(version, part):
        return version.cap_per_event
    kw = _paid_kw(version, part, max(part.expected_kw, part.nominated_kw or NOTHING, part.load_kw or NOTHING))
    extra = version.threshold_amount if version.threshold_kwh is not None else NOTHING
    extra += version.bonus_amount if version.bonus_factor is not None else NOTHING
    return _capped(version, _for_kw(version, kw, hours) + extra)


def _for_kw(version: ProgramVersion, kw: Decimal, hours: Decimal) -> Decimal:
    return kw * (version.rate_per_kw + version.rate_per_kwh * hours) + version.flat_per_event


def _capped(version: ProgramVersion, amount: Decimal) -> Decimal:
    return amount if version.cap_per_event is None else min(amount, version.cap_per_event)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
