"""Nonces while Redis is there, goes, comes back, and comes back empty."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from openadr.errors import Replayed
from openadr.models import UsedNonce
from openadr.vtn20b import nonces
from openadr.vtn20b.nonces import Nonces, sweep_nonces
from openadr.vtn20b.signing import Protection
from tests.redis_server import RedisServer

_names = itertools.count()


def protection(nonce: str | None = None, seconds: float = 0) -> Protection:
    return Protection(datetime.now(UTC) + timedelta(seconds=seconds), nonce or f"n{next(_names)}", "f" * 64)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds in earnest takes none."""
    monkeypatch.setattr(nonces, "_TOLD_WITHIN", 0.0)
    monkeypatch.setattr(nonces, "_RETRY_AFTER", 0.0)
    monkeypatch.setattr(nonces, "_CLOCKS", 0.0)


def refused(store: Nonces, which: Protection) -> str:
    with pytest.raises(Replayed) as problem:
        store.use(which)
    return problem.value.reason


def started(redis: RedisServer, *, earlier: float = 30) -> None:
    """As after Redis has run for a while."""
    client = nonces.Redis.from_url(redis.url)
    client.set("vtn:nonces-since", repr(time.time() - earlier))
    client.close()


@pytest.mark.django_db
def test_nonce_counts_once_at_all_processes(redis: RedisServer) -> None:
    started(redis)
    one, two, which = Nonces(redis.url), Nonces(redis.url), protection()
    one.use(which)
    assert refused(one, which) == "used before"
    assert refused(two, which) == "used before"
    assert not UsedNonce.objects.exists()


@pytest.mark.django_db
def test_redis_that_forgot_takes_only_what_was_made_since(redis: RedisServer) -> None:
    started(redis)
    store, which = Nonces(redis.url), protection()
    store.use(which)
    client = nonces.Redis.from_url(redis.url)
    client.flushall()
    assert "remembers" in refused(store, which)
    store.use(protection(seconds=1))
    client.close()


SKEW = 60


def forgotten(redis: RedisServer, *, is_restarted: bool) -> None:
    if is_restarted:
        redis.stop()
        redis.start()
    else:
        client = nonces.Redis.from_url(redis.url)
        client.flushall()
        client.close()


@pytest.mark.django_db
@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("ahead", [1, 40, SKEW - 1])
def test_message_of_a_clock_ahead_counts_once_though_redis_forgot(
    redis: RedisServer, ahead: int, is_restarted: bool
) -> None:
    started(redis)
    store, which = Nonces(redis.url), protection(seconds=ahead)
    store.use(which)
    forgotten(redis, is_restarted=is_restarted)
    refused(store, which)
    # Another process, and the same again and again; also when Redis had the time to become used to it.
    assert refused(Nonces(redis.url), which) == "used before"
    refused(store, which)


@pytest.mark.django_db
@pytest.mark.parametrize("is_restarted", [False, True])
def test_message_of_a_clock_ahead_counts_once_until_its_time_is_over(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, is_restarted: bool
) -> None:
    started(redis)
    store, which, now = Nonces(redis.url), protection(seconds=SKEW - 1), time.time()
    store.use(which)
    forgotten(redis, is_restarted=is_restarted)
    with pytest.raises(Replayed):
        store.use(which)
    for seconds in (1, SKEW, 2 * SKEW - 2):
        forgotten(redis, is_restarted=False)
        monkeypatch.setattr(nonces.time, "time", lambda seconds=seconds: now + seconds)
        started(redis, earlier=seconds - 0.5)
        assert refused(Nonces(redis.url), which) == "used before"
    monkeypatch.setattr(nonces.time, "time", lambda: now + 2 * SKEW)
    assert "too far off" in refused(store, which)


@pytest.mark.django_db
def test_right_clocks_ask_no_database_after_redis_forgot(
    redis: RedisServer, django_assert_num_queries: Callable[..., Any]
) -> None:
    started(redis, earlier=5)
    store = Nonces(redis.url)
    store.use(protection())
    with django_assert_num_queries(0):
        for _ in range(5):
            store.use(protection())


@pytest.mark.django_db
def test_right_clock_asks_no_database_beside_who_is_ahead(
    redis: RedisServer, django_assert_num_queries: Callable[..., Any]
) -> None:
    started(redis, earlier=2 * SKEW)
    store = Nonces(redis.url)
    store.use(protection(seconds=30))
    store.use(protection())
    with django_assert_num_queries(0):
        for _ in range(5):
            store.use(protection())
    assert UsedNonce.objects.count() == 1


@pytest.mark.django_db
def test_message_from_before_redis_went_away_is_refused(redis: RedisServer, quick: None) -> None:
    started(redis)
    store, which = Nonces(redis.url), protection()
    store.use(which)
    redis.stop()
    assert "before Redis went" in refused(store, which)
    after = protection(seconds=0.01)
    store.use(after)
    assert refused(store, after) == "used before"
    assert refused(Nonces(""), after) == "used before"


@pytest.mark.django_db
def test_message_taken_without_redis_is_refused_when_redis_is_back(redis: RedisServer, quick: None) -> None:
    started(redis)
    one, two = Nonces(redis.url), Nonces(redis.url)
    redis.stop()
    refused(one, protection(seconds=-1))
    which = protection(seconds=0.01)
    one.use(which)
    redis.start()
    started(redis)
    assert refused(two, which) == "used before"
    assert refused(one, which) == "used before"


@pytest.mark.django_db
def test_old_rows_are_removed() -> None:
    Nonces().use(protection())
    UsedNonce.objects.update(at=datetime.now(UTC) - timedelta(minutes=10))
    Nonces().use(protection())
    assert sweep_nonces() == 1
    assert UsedNonce.objects.count() == 1


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_wins() -> None:
    which, won = protection(), []

    def use() -> None:
        try:
            Nonces().use(which)
            won.append(1)
        except Replayed:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
