"""Energy and power in exact integers: watt-hours in storage, kilowatts at the edge."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from common.errors import PortalError
from common.money import half_up

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
    # An exponent of millions is a number too, and its fraction would fill the memory.
    if not number.is_finite() or number.adjusted() > 12 or int(number.as_tuple().exponent) < -30:
        raise BadQuantity(f"“{text.strip()[:40]}” is not a usable number")
    return half_up(Fraction(number) * factor)


def mean_kw(energy_wh: Fraction | int, *, minutes: int) -> Fraction:
    """Mean power in kW of an energy in Wh over so many minutes.

    >>> mean_kw(500, minutes=30)
    Fraction(1, 1)
    """
    return Fraction(energy_wh) * 60 / (1000 * minutes)
