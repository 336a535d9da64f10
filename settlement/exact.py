"""Exact sums of money in the database.

SQLite adds decimals as floating point numbers, so we add whole cents instead, on every database.
"""

from decimal import Decimal

from django.db.models import BigIntegerField, DecimalField, ExpressionWrapper, F, Sum
from django.db.models.functions import Cast, Round

CENT = Decimal("0.01")


def sum_of_cents(name: str) -> Sum:
    """The sum of a money column in whole cents, None over no rows; `from_cents` turns it into money."""
    cents = ExpressionWrapper(F(name) * 100, output_field=DecimalField(max_digits=18, decimal_places=2))
    return Sum(Cast(Round(cents), BigIntegerField()))


def from_cents(cents: int | Decimal | None) -> Decimal:
    """The amount with two decimals.

    >>> from_cents(450), from_cents(None)
    (Decimal('4.50'), Decimal('0.00'))
    """
    return int(cents or 0) * CENT
