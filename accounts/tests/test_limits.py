"""How often something may be tried: the counter itself, with each of the caches."""

import hashlib

import pytest
from django.core.cache import cache

from accounts.limits import allow, forgive
from common import cache as portal_cache

pytestmark = pytest.mark.django_db

CACHES = {
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "table": {"BACKEND": "common.cache.TableCache", "LOCATION": "cache"},
    "redis away": {
        "BACKEND": "common.cache.PortalCache",
        "LOCATION": "unix:///nowhere/redis.sock",
        "OPTIONS": {"IGNORE_EXCEPTIONS": True},
    },
}


@pytest.fixture(params=CACHES, autouse=True)
def each_cache(request, settings, monkeypatch):
    monkeypatch.setattr(portal_cache, "_away_until", {})
    settings.CACHES = {"default": CACHES[request.param]}


def test_so_many_and_no_more():
    assert [allow("claim", "7", amount=3, seconds=60) for _ in range(5)] == [True] * 3 + [False] * 2


def test_each_key_and_each_scope_is_counted_by_itself():
    assert allow("claim", "7", amount=1, seconds=60)
    assert allow("claim", "8", amount=1, seconds=60)
    assert allow("invitation", "7", amount=1, seconds=60)
    assert not allow("claim", "7", amount=1, seconds=60)


def test_refused_attempts_do_not_prolong_the_wait(monkeypatch):
    moments = iter([1000.0, 1001.0, 1059.0, 1060.5])
    monkeypatch.setattr("accounts.limits.time", lambda: next(moments))
    assert [allow("claim", "7", amount=1, seconds=60) for _ in range(4)] == [True, False, False, True]


def test_forgiven_attempts_are_forgotten():
    assert allow("claim", "7", amount=1, seconds=60)
    forgive("claim", "7")
    assert allow("claim", "7", amount=1, seconds=60)


def test_nobody_is_let_through_while_another_is_being_counted(monkeypatch):
    monkeypatch.setattr("allauth.core.internal.ratelimit.CACHE_LOCK_WAIT_TIMEOUT", 0.05)
    lock = f"limit:claim:{hashlib.sha256(b'7').hexdigest()}:lock"
    cache.add(lock, True, 10)
    assert not allow("claim", "7", amount=9, seconds=60)
    cache.delete(lock)
    assert allow("claim", "7", amount=9, seconds=60)
