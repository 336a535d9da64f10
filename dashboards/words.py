"""Numbers as people read them."""

from decimal import Decimal
from fractions import Fraction

from common.speech import money_words, number_words


def money(amount: Decimal | Fraction | int, currency: str) -> str:
    """An amount with its currency, to the cent.

    >>> money(Decimal("4.1"), "USD"), money(Decimal(-3), "EUR")
    ('$4.10', '−€3.00')
    """
    return money_words(amount, currency)


def kwh(energy_wh: Decimal | Fraction | int, places: int = 1) -> str:
    """An energy in kWh, without its unit.

    >>> kwh(2052, places=3)
    '2.052'
    """
    return number_words(Fraction(energy_wh) / 1000, places)
