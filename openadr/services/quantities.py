"""Numbers of reports as energies and powers: pure and exact, whatever scale and spans they come in."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from fractions import Fraction

from openadr.errors import InvalidData

# 10^15 of anything is no measurement, and fits into every column below.
MOST_DIGITS = 15
SCALES = {"p": -12, "n": -9, "micro": -6, "m": -3, "c": -2, "d": -1, "none": 0, "k": 3, "M": 6, "G": 9, "T": 12}
MILLI = 1000


def number_of(text: str) -> Decimal:
    """The number that a report says, exactly.

    >>> number_of(" 1.50e3 ")
    Decimal('1.50E+3')

    Raises:
        InvalidData: It is none, not finite, or beyond all measure.
    """
    try:
        # xs:float knows INF, Python's words for it are some more, and underscores are Python's alone.
        number = Decimal(text.strip()) if text.isascii() and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        raise InvalidData("is not a number") from None
    if not number.is_finite():
        raise InvalidData("is not a finite number")
    if number and number.adjusted() >= MOST_DIGITS:
        raise InvalidData("is more than anything measures")
    # What is smaller than all measure is zero; its digits would be long.
    return number if number.adjusted() > -MOST_DIGITS * 2 else Decimal(0)


def scaled(number: Decimal, exponent: int) -> Decimal:
    """A number times 10^exponent, exactly.

    >>> scaled(Decimal("0.4125"), 3)
    Decimal('412.5')

    Raises:
        InvalidData: It is beyond all measure.
    """
    with localcontext(prec=200):
        found = number.scaleb(exponent)
    if found and found.adjusted() >= MOST_DIGITS:
        raise InvalidData("is more than anything measures")
    return found


def energy_of_power(power_w: Decimal, seconds: int) -> Fraction:
    """The energy in Wh of a mean power over a time.

    >>> energy_of_power(Decimal(1000), 1800)
    Fraction(500, 1)
    """
    return Fraction(power_w) * seconds / 3600


def whole_wh(energy: Decimal | Fraction) -> int:
    """To the nearest Wh, halves to the even one.

    >>> whole_wh(Decimal("412.5")), whole_wh(Fraction(827, 2))
    (412, 414)
    """
    return round(Fraction(energy))


def milli_wh(energy: Decimal) -> int:
    """Energy of a part of an interval in whole mWh, so that thousands of parts add up to the right Wh."""
    return int(energy.scaleb(3).quantize(Decimal(1), ROUND_HALF_EVEN))


def slot_of(start: int, offset: int, step: int) -> int:
    """The start of the interval that a moment falls into: intervals count from midnight of the meter's clock.

    >>> slot_of(5_400, 0, 3_600), slot_of(5_400, 1_800, 3_600)
    (3600, 5400)
    """
    return start - (start + offset) % step


def sum_of(parts: Iterable[tuple[int, int, int]], start: int, step: int) -> int | None:
    """The energy of an interval in Wh from its parts (start, seconds, mWh) in any order; None while some are missing.

    >>> sum_of([(900, 900, 700), (0, 900, 800)], 0, 1800), sum_of([(0, 900, 800)], 0, 1800)
    (2, None)
    """
    at, total = start, 0
    for begin, seconds, energy in sorted(parts):
        if begin != at:
            return None
        at, total = at + seconds, total + energy
    return whole_wh(Fraction(total, MILLI)) if at == start + step else None
