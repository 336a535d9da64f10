"""Exact sums of money in the database.

SQLite adds decimals as floating point numbers, so we add whole cents instead, on every database.
"""

from decimal import Decimal

from django.db.models import BigIntegerField, DecimalField, ExpressionWrapper, F, Q, Sum
from django.db.models.functions import Cast, Round

CENT = Decimal("0.01")


def sum_of_cents(name: str, *, only: Q | None = None) -> Sum:
    """The sum of a money column in whole cents, of all rows or of some, None over no rows; see `from_cents`."""
    cents = ExpressionWrapper(F(name) * 100, output_field=DecimalField(max_digits=18, decimal_places=2))
    return Sum(Cast(Round(cents), BigIntegerField()), filter=only)


def from_cents(cents: int | Decimal | None) -> Decimal:
    """The amount with two decimals.

    >>> from_cents(450), from_cents(None)
    (Decimal('4.50'), Decimal('0.00'))
    """
    return int(cents or 0) * CENT
