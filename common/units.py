"""Energy and power in exact integers: watt-hours in storage, kilowatts at the edge."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from common.errors import PortalError
from common.money import half_up

WH_PER_UNIT = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000}
# Mean power over an interval: Wh of an hour of it.
W_PER_UNIT = {"W": 1, "kW": 1_000, "MW": 1_000_000}


class BadQuantity(PortalError):
    """A text is no number, or no number of this unit."""


def parse_energy_wh(text: str, *, unit: str = "kWh", seconds: int = 3600) -> int:
    """Whole watt-hours of a decimal text, rounded half up (away from zero for exports).

    Args:
        seconds: how long a mean power lasted, where the unit is one of power.

    Raises:
        BadQuantity: The text is no finite number, or the unit is unknown.

    >>> parse_energy_wh("18.0235")
    18024
    >>> parse_energy_wh("-0.4", unit="Wh")
    0
    >>> parse_energy_wh("1.2", unit="kW", seconds=900)
    300
    """
    factor = _factor(unit, seconds)
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise BadQuantity(f"“{text.strip()[:40]}” is not a number") from None
    # An exponent of millions is a number too, and its fraction would fill the memory.
    if not number.is_finite() or number.adjusted() > 12 or int(number.as_tuple().exponent) < -30:
        raise BadQuantity(f"“{text.strip()[:40]}” is not a usable number")
    return half_up(Fraction(number) * factor)


def _factor(unit: str, seconds: int) -> Fraction | int:
    if unit in WH_PER_UNIT:
        return WH_PER_UNIT[unit]
    if unit in W_PER_UNIT:
        return Fraction(W_PER_UNIT[unit] * seconds, 3600)
    raise BadQuantity(f"unknown unit “{unit}”; use one of {', '.join(WH_PER_UNIT | W_PER_UNIT)}")


def mean_kw(energy_wh: Fraction | int, *, minutes: int) -> Fraction:
    """Mean power in kW of an energy in Wh over so many minutes.

    >>> mean_kw(500, minutes=30)
    Fraction(1, 1)
    """
    return Fraction(energy_wh) * 60 / (1000 * minutes)
