"""Numbers as people read them."""

from decimal import Decimal
from fractions import Fraction

from common.money import round_half_up

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "AUD": "A$", "CAD": "C$"}


def money(amount: Decimal | Fraction | int, currency: str) -> str:
    """An amount with its currency, to the cent.

    >>> money(Decimal("4.1"), "USD"), money(Decimal(-3), "CHF")
    ('$4.10', '−3.00 CHF')
    """
    cents = round_half_up(amount)
    minus = "−" if cents < 0 else ""
    figure = f"{abs(cents):,.2f}"
    sign = SIGNS.get(currency)
    return f"{minus}{sign}{figure}" if sign else f"{minus}{figure} {currency}"


def kwh(energy_wh: Decimal | Fraction | int, places: int = 1) -> str:
    """An energy in kWh, without its unit.

    >>> kwh(2052, places=3)
    '2.052'
    """
    figure = round_half_up(Fraction(energy_wh) / 1000, places)
    return f"{figure:,.{places}f}".replace("-", "−")
