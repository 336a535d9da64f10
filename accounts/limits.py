"""How often something may be tried."""

import hashlib
from time import time

from allauth.core.internal.ratelimit import Rate, apply_rate, cache_lock
from django.core.cache import cache


def allow(scope: str, key: str, *, amount: int, seconds: int) -> bool:
    """Whether one more attempt is within `amount` per `seconds`; it is counted if so.

    One scope per kind of attempt ("claim", "invitation"), one key per who or what is limited (a user's id, an
    address). Attempts at the same moment, also in other processes, are counted one after the other; whoever
    cannot be counted within a second is refused.

    Raises:
        CountersAway: Neither Redis nor the database can count; the pages answer 503 by themselves.
    """
    name = f"limit:{scope}:{hashlib.sha256(key.encode()).hexdigest()}"
    with cache_lock(name) as locked:
        if not locked:
            return False
        allowed: bool
        allowed, history = apply_rate(cache.get(name, []), time(), Rate(amount, seconds, "key"))
        if allowed:
            cache.set(name, history, seconds)
        return allowed


def forgive(scope: str, key: str) -> None:
    """Forgets what was counted, as after a right code."""
    cache.delete(f"limit:{scope}:{hashlib.sha256(key.encode()).hexdigest()}")
