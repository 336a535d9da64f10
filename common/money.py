"""Exact numbers for money: half-up rounding of fractions, and their one spelling as text."""

import re
from decimal import Decimal
from fractions import Fraction

Exact = int | Decimal | Fraction

_CANONICAL = re.compile(r"-?(0|[1-9]\d*)/[1-9]\d*", re.ASCII)


def to_fraction(value: Exact) -> Fraction:
    """The same number as a fraction, nothing lost.

    Raises:
        TypeError: for a float (already inexact) or a truth value.
        ValueError: for a Decimal that is not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | Fraction):
        raise TypeError(f"An exact number is needed here, not {type(value).__name__}.")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"{value} is not a number.")
    return Fraction(value)


def half_up(value: Fraction) -> int:
    """The nearest whole number; halves go away from zero, so that -x rounds to minus the rounding of x.

    >>> half_up(Fraction(5, 2)), half_up(Fraction(-5, 2))
    (3, -3)
    """
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return size if value >= 0 else -size


def round_half_up(value: Exact, places: int = 2) -> Decimal:
    """The value with exactly `places` decimals, rounded once, halves away from zero; never -0.00.

    >>> round_half_up(Fraction(2052, 500))
    Decimal('4.10')
    """
    if places < 0:
        raise ValueError("The number of decimals cannot be negative.")
    units = half_up(to_fraction(value) * 10**places)
    digits = tuple(int(digit) for digit in str(abs(units)))
    return Decimal((int(units < 0), digits, -places))


def fraction_text(value: int | Fraction) -> str:
    """The canonical text "n/d" of an exact number: lowest terms, the sign in front.

    >>> fraction_text(Fraction(520, 434))
    '260/217'
    """
    exact = to_fraction(value)
    return f"{exact.numerator}/{exact.denominator}"


def parse_fraction(text: str) -> Fraction:
    """The number that `fraction_text` wrote.

    Raises:
        ValueError: if the text is not canonical, so that one number never has two spellings under a hash.
    """
    if not _CANONICAL.fullmatch(text):
        raise ValueError(f"{text!r} is not a fraction of the form n/d.")
    value = Fraction(text)
    if fraction_text(value) != text:
        raise ValueError(f"{text!r} is not in lowest terms; write {fraction_text(value)}.")
    return value
