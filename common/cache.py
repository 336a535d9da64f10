"""The portal's cache: django-redis, whose counters of attempts survive without Redis.

A cache may forget; a counter of wrong passwords may not. So keys that count (`COUNTED`) never ignore an error:
while Redis is away they are kept in the database's cache table, and what was counted there still counts when
Redis is back.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.db import DatabaseCache
from django.db import Error as DatabaseAway
from django.db import connection
from django_redis.cache import RedisCache
from django_redis.exceptions import ConnectionInterrupted

from common.errors import PortalError

# allauth's counters, and those of accounts.limits.
COUNTED = ("allauth:rl:", "limit:")
# Finished answers of charts, see dashboards/cached.py.
CHART = "chart:"
# Who held which meter when, see meters/connections.py.
CONNECTION = "held:"
# How long Redis is left alone after a failure, so that not every request waits for its time-out.
AWAY_SECONDS = 5.0
# Django throws away a third of the table above this: its default of 300 would let a flood of addresses free one.
TABLE_ENTRIES = 50_000

T = TypeVar("T")
_AWAY: Any = object()

logger = logging.getLogger(__name__)
# Servers that did not answer when they were asked last -> from when on they are asked again.
_away_until: dict[str, float] = {}


class CountersAway(PortalError):
    """Attempts cannot be counted, as neither Redis nor the database keeps counters: nothing is let through."""


def is_counter(key: object) -> bool:
    """Whether the entry counts attempts."""
    return str(key).startswith(COUNTED)


def keeping_cache() -> BaseCache | None:
    """The cache for what can be made again; None where it would cost more than it saves, or may keep what is not so.

    An entry of the cache in the database costs as much as what it would save. And what a transaction reads may be
    rolled back, while its version is given again to something else.
    """
    if isinstance(caches[DEFAULT_CACHE_ALIAS], TableCache) or connection.in_atomic_block:
        return None
    return caches[DEFAULT_CACHE_ALIAS]


def redis_is_away() -> bool:
    """Whether Redis did not answer when this process asked it last; costs nothing, as nobody is asked."""
    server = getattr(caches[DEFAULT_CACHE_ALIAS], "_server", None)
    return server is not None and str(server) in _away_until


class TableCache(DatabaseCache):
    """Django's cache in a table, which raises `CountersAway` where a counter cannot be read or written."""

    def __init__(self, table: str, params: dict[str, Any]) -> None:
        super().__init__(table, params | {"OPTIONS": {"MAX_ENTRIES": TABLE_ENTRIES} | params.get("OPTIONS", {})})

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return _counted(keys, partial(super().get_many, keys, version))

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return _counted([key], partial(super().add, key, value, timeout, version))

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Sets the entry; Django would leave it as it was without a word where the database refuses."""
        name = self.make_and_validate_key(key, version=version)
        done = _counted([key], lambda: self._base_set("set", name, value, timeout))  # type: ignore[attr-defined]  # of the class it is mixed into
        if not done and is_counter(key):
            raise CountersAway

    def delete(self, key: Any, version: int | None = None) -> bool:
        return _counted([key], partial(super().delete, key, version))


def _counted(keys: Any, act: Callable[[], T]) -> T:
    try:
        return act()
    except DatabaseAway:
        if any(is_counter(key) for key in keys):
            raise CountersAway from None
        raise


class PortalCache(RedisCache):
    """django-redis; counters fall back to the table `FALLBACK` while Redis is away."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        kept = {"TIMEOUT": params.get("TIMEOUT", 300), "KEY_PREFIX": params.get("KEY_PREFIX", "")}
        self._table = TableCache(params.get("OPTIONS", {}).get("FALLBACK", "cache"), kept)

    def get(self, key: Any, default: Any = None, version: int | None = None, client: Any = None) -> Any:
        """The entry; of a counter all attempts, those that were counted while Redis was away too."""
        if not is_counter(key):
            return self._unless_away(partial(self.client.get, key, default, version, client), default)
        in_table = partial(self._table.get, key, None, version)
        counted = self._either(partial(self.client.get, key, version=version), in_table)
        try:
            kept = in_table()
        except CountersAway:
            kept = None
        return sorted({*(counted or ()), *(kept or ())}, reverse=True) or default

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None, **kwargs: Any
    ) -> Any:
        if not is_counter(key):
            return super().add(key, value, timeout, version, **kwargs)
        return self._either(
            partial(self.client.add, key, value, timeout, version),
            partial(self._table.add, key, value, timeout, version),
        )

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None, **kwargs: Any
    ) -> Any:
        if not is_counter(key):
            return self._unless_away(partial(self.client.set, key, value, timeout, version, **kwargs), None)
        return self._either(
            partial(self.client.set, key, value, timeout, version),
            partial(self._table.set, key, value, timeout, version),
        )

    def delete(self, key: Any, version: int | None = None, **kwargs: Any) -> Any:
        """Deletes the entry; a counter from the table too, but not a lock, which is in one place only."""
        if not is_counter(key):
            return super().delete(key, version=version, **kwargs)
        in_table = partial(self._table.delete, key, version)
        done = self._either(partial(self.client.delete, key, version=version), in_table)
        if not str(key).endswith(":lock"):
            in_table()
        return bool(done)

    def _either(self, in_redis: Callable[[], T], in_table: Callable[[], T]) -> T:
        """What Redis answers, or the table while it is away."""
        answer = self._unless_away(in_redis, _AWAY)
        return in_table() if answer is _AWAY else answer

    def _unless_away(self, in_redis: Callable[[], Any], else_: Any) -> Any:
        """What Redis answers, or else `else_`: a request waits once for a Redis that does not answer, not at each key.

        Deleting is always tried: an entry that must go may be there again with Redis.
        """
        server = str(self._server)
        if time.monotonic() >= _away_until.get(server, 0.0):
            try:
                answer = in_redis()
                _away_until.pop(server, None)
                return answer
            except ConnectionInterrupted as problem:
                _away_until[server] = time.monotonic() + AWAY_SECONDS
                logger.warning("Redis is away, the database takes its place: %s", problem)
        return else_
