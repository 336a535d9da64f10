"""Energy and power in exact integers: watt-hours in storage, kilowatts at the edge."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from common.errors import PortalError

WH_PER_UNIT = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000}


class BadQuantity(PortalError):
    """A text is no number, or no number of this unit."""


def parse_energy_wh(text: str, *, unit: str = "kWh") -> int:
    """Whole watt-hours of a decimal text, rounded half up (away from zero for exports).

    Raises:
        BadQuantity: The text is no finite number, or the unit is unknown.

    >>> parse_energy_wh("18.0235")
    18024
    >>> parse_energy_wh("-0.4", unit="Wh")
    0
    """
    factor = WH_PER_UNIT.get(unit)
    if factor is None:
        raise BadQuantity(f"unknown unit “{unit}”; use one of {', '.join(WH_PER_UNIT)}")
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise BadQuantity(f"“{text.strip()[:40]}” is not a number") from None
    if not number.is_finite() or abs(number) > 10**12:
        raise BadQuantity(f"“{text.strip()[:40]}” is not a usable number")
    return round_half_up_wh(Fraction(number) * factor)


def round_half_up_wh(energy: Fraction) -> int:
    """Whole Wh of an exact energy in Wh; halves go away from zero.

    >>> round_half_up_wh(Fraction(5, 2)), round_half_up_wh(Fraction(-5, 2))
    (3, -3)
    """
    doubled = abs(energy) * 2
    whole = (doubled.numerator + doubled.denominator) // (2 * doubled.denominator)
    return whole if energy >= 0 else -whole


def mean_kw(energy_wh: Fraction | int, *, minutes: int) -> Fraction:
    """Mean power in kW of an energy in Wh over so many minutes.

    >>> mean_kw(500, minutes=30)
    Fraction(1, 1)
    """
    return Fraction(energy_wh) * 60 / (1000 * minutes)
