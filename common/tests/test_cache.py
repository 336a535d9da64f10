"""Counters of attempts, with Redis, without, and after it came back."""

import pytest
from django.core.cache import CacheHandler
from redis import Redis

from common import cache as portal_cache
from common.cache import CountersAway
from tests.redis_server import RedisServer

pytestmark = pytest.mark.django_db

KEY = "limit:test:key"
NOWHERE = "unix:///nowhere/redis.sock"


@pytest.fixture(autouse=True)
def redis_is_tried(monkeypatch):
    """No test remembers that Redis was away in another."""
    monkeypatch.setattr(portal_cache, "_away_until", {})


@pytest.fixture
def redis(tmp_path):
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


def cache_at(url, table="cache"):
    """The portal's cache as its settings make it, with the fallback in a table."""
    options = {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 1, "FALLBACK": table}
    given = {"BACKEND": "common.cache.PortalCache", "LOCATION": url, "OPTIONS": options}
    return CacheHandler({"default": given})["default"]


def redis_is_tried_again():
    portal_cache._away_until.clear()


class TestWithRedis:
    def test_counter_is_kept_in_redis_alone(self, redis):
        cache = cache_at(redis.url)
        cache.set(KEY, [2.0, 1.0], 60)
        assert cache.get(KEY) == [2.0, 1.0]
        assert cache._table.get(KEY) is None
        assert cache.delete(KEY)
        assert cache.get(KEY, []) == []

    def test_second_holder_does_not_get_the_lock(self, redis):
        assert cache_at(redis.url).add(KEY + ":lock", True, 10)
        assert not cache_at(redis.url).add(KEY + ":lock", True, 10)

    def test_other_keys_are_plain_cache(self, redis):
        cache = cache_at(redis.url)
        cache.set("page", "text", 60)
        assert (cache.get("page"), cache.add("page", "other"), cache.delete("page")) == ("text", False, True)


class TestRedisAway:
    def test_counter_goes_to_the_database(self):
        cache = cache_at(NOWHERE)
        assert cache.add(KEY + ":lock", True, 10)
        assert not cache.add(KEY + ":lock", True, 10)
        cache.set(KEY, [1.0], 60)
        assert cache.get(KEY) == [1.0]
        cache.delete(KEY)
        assert cache.get(KEY) is None

    def test_other_keys_miss(self):
        cache = cache_at(NOWHERE)
        cache.set("page", "text", 60)
        assert cache.get("page") is None

    def test_redis_is_left_alone_for_a_while(self, redis):
        cache = cache_at(redis.url)
        redis.stop()
        cache.set(KEY, [1.0], 60)
        redis.start()
        cache.set(KEY, [2.0, 1.0], 60)
        with Redis.from_url(redis.url) as direct:
            assert direct.dbsize() == 0
        redis_is_tried_again()
        cache.set(KEY, [3.0, 2.0, 1.0], 60)
        with Redis.from_url(redis.url) as direct:
            assert direct.dbsize() == 1

    def test_what_was_counted_meanwhile_counts_when_redis_is_back(self, redis):
        cache = cache_at(redis.url)
        cache.set(KEY, [1.0], 60)
        redis.stop()
        cache.set(KEY, [3.0, 2.0], 60)
        redis.start()
        redis_is_tried_again()
        assert cache.get(KEY) == [3.0, 2.0]
        cache.set(KEY, [4.0, 3.0, 2.0], 60)
        assert cache.get(KEY) == [4.0, 3.0, 2.0]

    def test_deleted_counter_is_gone_from_both(self, redis):
        cache = cache_at(redis.url)
        redis.stop()
        cache.set(KEY, [1.0], 60)
        redis.start()
        redis_is_tried_again()
        cache.delete(KEY)
        assert cache.get(KEY) is None


class TestNeither:
    def test_nothing_is_counted_so_nothing_is_let_through(self):
        cache = cache_at(NOWHERE, table="no_such_table")
        for act in (cache.get, cache.delete, lambda key: cache.add(key, 1), lambda key: cache.set(key, [1.0])):
            with pytest.raises(CountersAway):
                act(KEY)

    def test_redis_alone_is_enough(self, redis):
        cache = cache_at(redis.url, table="no_such_table")
        cache.set(KEY, [1.0], 60)
        assert cache.get(KEY) == [1.0]


def test_full_table_does_not_forget_a_counter_for_ordinary_traffic():
    cache = cache_at(NOWHERE)
    cache.set(KEY, [1.0], 60)
    for number in range(310):
        cache.set(f"limit:test:zz{number}", [1.0], 60)
    assert cache.get(KEY) == [1.0]
