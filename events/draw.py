"""The draw of the homes that are held out of an event, for comparison. Pure: anybody can draw it again."""

import secrets
from collections.abc import Collection
from decimal import Decimal
from hashlib import sha256


def new_seed() -> str:
    """A seed that nobody can have chosen: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def held_out(*, seed: str, numbers: Collection[str], share: Decimal) -> frozenset[str]:
    """The meter numbers that are drawn.

    Each number is hashed with the seed, SHA-256 of "seed:number" in UTF-8; the smallest hashes are drawn, as many
    as the share of all numbers, rounded down. The order in which the numbers come does not matter.

    >>> sorted(held_out(seed="a", numbers=["1", "2", "3", "4", "5"], share=Decimal("0.4")))
    ['3', '4']
    """
    count = int(len(set(numbers)) * share)
    ordered = sorted(set(numbers), key=lambda number: (sha256(f"{seed}:{number}".encode()).digest(), number))
    return frozenset(ordered[:count])
