"""No signed message counts twice: not at another process, not after a restart, not while Redis comes and goes.

With Redis a nonce is one SET NX there; without it, a row of the database. What one of the two forgot or never knew is
made up for by time: where the memory does not reach back to before a message was made, the message is refused. A VEN
sends its next one with a new time, so that it loses seconds. That says nothing about a message of a clock that is
ahead, which is dated after the moment in which it was used: each of those is a row as well, and the rows are looked at
as long as such a message from before Redis forgot could come again.
"""

import hashlib
import logging
import time
from datetime import timedelta
from threading import Lock

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from openadr.errors import Replayed
from openadr.models import UsedNonce
from openadr.vtn20b.signing import Protection

logger = logging.getLogger(__name__)
_AWAY = "redis-away"
_SINCE = "vtn:nonces-since"
# Within this time every process sees in the database that one of them could not reach Redis.
_TOLD_WITHIN = 1.5
_RETRY_AFTER = 5.0
# The clocks of the portal's own hosts may differ so much.
_CLOCKS = 0.5


class Nonces:
    """The nonces that were used, shared by all processes. May be called from several threads."""

    def __init__(self, redis_url: str = "") -> None:
        self._redis = _redis_at(redis_url) if redis_url else None
        self._lock = Lock()
        self._away_since: float | None = None
        self._ask_again_at = 0.0
        self._looked_at = float("-inf")
        self._is_both = False
        self._saw_none_at = 0.0

    def use(self, protection: Protection) -> None:
        """Takes the nonce, once.

        Raises:
            Replayed: It was used before, its time is off by more than VTN_SKEW_SECONDS, or nobody can tell any more.
        """
        skew, made = settings.VTN_SKEW_SECONDS, protection.at.timestamp()
        if abs(time.time() - made) > skew:
            raise Replayed("its time is too far off")
        key = hashlib.sha256(f"{protection.fingerprint} {protection.nonce}".encode()).hexdigest()
        if self._redis is None:
            _take_row(key)
        elif not self._in_redis(self._redis, key, made, skew):
            self._without_redis(key, made)

    def _in_redis(self, redis: Redis, key: str, made: float, skew: int) -> bool:
        """Whether Redis answered; it took the nonce then."""
        if time.monotonic() < self._ask_again_at:
            return False
        try:
            with redis.pipeline(transaction=True) as line:
                line.set(_SINCE, repr(time.time()), nx=True)
                line.get(_SINCE)
                line.set(f"vtn:nonce:{key}", 1, nx=True, ex=2 * skew + 60)
                _new, since, is_first = line.execute()
        except RedisError:
            self._lost()
            return False
        self._away_since = None
        if not is_first:
            raise Replayed("used before")
        if made < float(since) + _CLOCKS:
            raise Replayed("older than what Redis remembers")
        if made > time.time() or self._is_somebody_without():
            _take_row(key)
        elif made < float(since) + _CLOCKS + skew and self._is_row(key, float(since)):
            raise Replayed("used before")
        return True

    def _lost(self) -> None:
        with self._lock:
            self._ask_again_at = time.monotonic() + _RETRY_AFTER
            if self._away_since is None:
                self._away_since = time.time()
                logger.warning("Redis is away: the database keeps the nonces of signed messages.")
        UsedNonce.objects.get_or_create(key=f"{_AWAY}-{int(time.time())}")

    def _without_redis(self, key: str, made: float) -> None:
        if self._away_since is None or made < self._away_since + _TOLD_WITHIN:
            raise Replayed("from before Redis went away")
        _take_row(key)

    def _is_somebody_without(self) -> bool:
        """Whether any process has lost Redis of late, and uses the database; asked once a second."""
        now = time.monotonic()
        if now - self._looked_at > 1:
            self._looked_at = now
            began, since = time.time(), timezone.now() - timedelta(seconds=2 * settings.VTN_SKEW_SECONDS + 60)
            # Behind all keys of messages, which are hexadecimal; "LIKE" would use no index.
            rows = UsedNonce.objects.filter(at__gt=since)
            self._is_both = rows.filter(key__gte=_AWAY).exists()
            self._saw_none_at = 0.0 if rows.exists() else began
        return self._is_both

    def _is_row(self, key: str, since: float) -> bool:
        """Whether a nonce was used before Redis forgot; not asked where no row was left of that time."""
        return self._saw_none_at < since + _TOLD_WITHIN and UsedNonce.objects.filter(key=key).exists()


def _redis_at(url: str) -> Redis:
    # Asked once: while it tried again and again the message would wait.
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


def sweep_nonces() -> int:
    """How many rows were removed whose messages are too old by now."""
    old = timezone.now() - timedelta(seconds=2 * settings.VTN_SKEW_SECONDS + 60)
    return int(UsedNonce.objects.filter(at__lt=old).delete()[0])


def _take_row(key: str) -> None:
    try:
        with transaction.atomic():
            UsedNonce.objects.create(key=key)
    except IntegrityError:
        raise Replayed("used before") from None
