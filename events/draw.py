"""The draw of the homes that are held out of an event, for comparison. Pure: anybody can draw it again."""

import secrets
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256


def new_seed() -> str:
    """A seed that nobody can have chosen: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def is_held_out(*, seed: str, number: str, share: Decimal) -> bool:
    """Whether a home that gets its seat later, by a change of the event, is held out.

    The draw is over then, and stays. Each newcomer is looked at alone: its hash, made as in `held_out` and read as a
    number of 256 bits, lies below the share of all such numbers. So the order and the number of changes do not
    matter, and one home at a time is held out as often as many at once.

    >>> [number for number in "12345678" if is_held_out(seed="a", number=number, share=Decimal("0.4"))]
    ['1', '3', '7', '8']
    """
    return int.from_bytes(_hash(seed, number)) < Fraction(share) * 2**256


def held_out(*, seed: str, numbers: Collection[str], share: Decimal) -> frozenset[str]:
    """The meter numbers that are drawn.

    Each number is hashed with the seed, SHA-256 of "seed:number" in UTF-8; the smallest hashes are drawn, as many
    as the share of all numbers, rounded down. The order in which the numbers come does not matter.

    >>> sorted(held_out(seed="a", numbers=["1", "2", "3", "4", "5"], share=Decimal("0.4")))
    ['1', '3']
    """
    count = int(len(set(numbers)) * share)
    ordered = sorted(set(numbers), key=lambda number: (_hash(seed, number), number))
    return frozenset(ordered[:count])


def _hash(seed: str, number: str) -> bytes:
    return sha256(f"{seed}:{number}".encode()).digest()
