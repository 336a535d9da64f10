"""What the distributor's people are told while Redis is away, and that nobody else is, nor longer."""

import time

import pytest
from django.urls import reverse

from common import cache as portal_cache
from common.cache import redis_is_away
from dashboards.tests.operator_tools import browser
from tests.builder import make_platform, make_side
from tests.redis_server import portal_on_redis

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SAYS = "Redis does not answer."
STOP, GO_ON = 19, 18


@pytest.fixture
def redis(tmp_path):
    with portal_on_redis(tmp_path, timeout_seconds=0.2) as server:
        yield server


@pytest.fixture
def side(redis):
    return make_side("Hither")


def tells(client, name="operator_home"):
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    return SAYS in answer.content.decode()


def is_asked_again():
    """The five seconds in which a Redis that failed is left alone are over."""
    portal_cache._away_until.update(dict.fromkeys(portal_cache._away_until, 0.0))


def test_operators_are_told_until_redis_is_back(side, redis):
    client = browser(side.staff)
    assert not tells(client)
    redis.stop()
    assert tells(client)
    assert tells(client)
    is_asked_again()
    assert tells(client)
    redis.start()
    is_asked_again()
    assert not tells(client)
    assert not redis_is_away()


def test_redis_that_is_frozen_counts_as_away_and_pages_do_not_wait_for_it(side, redis):
    client = browser(side.admin)
    assert not tells(client)
    redis.process.send_signal(STOP)
    try:
        assert tells(client)
        began = time.monotonic()
        redis_is_away()
        assert time.monotonic() - began < 0.05
    finally:
        redis.process.send_signal(GO_ON)


@pytest.mark.parametrize("name", ["operator_home", "load_fleet", "account", "admin:index"])
@pytest.mark.parametrize("role", ["staff", "admin", "auditor", "platform"])
def test_pages_of_whoever_runs_the_portal_tell(side, redis, role, name):
    client = browser(make_platform() if role == "platform" else getattr(side, role))
    redis.stop()
    assert tells(client, name)


@pytest.mark.parametrize(
    ("role", "name"),
    [("resident", "home"), ("member", "organization_home"), ("organization_admin", "account"), ("", "help")],
)
def test_customers_and_visitors_are_not_troubled(side, redis, role, name):
    client = browser(getattr(side, role)) if role else browser(side.resident)
    if not role:
        client.logout()
    redis.stop()
    assert not tells(client, name)
    assert redis_is_away() or not role


def test_without_a_redis_there_is_nothing_to_tell(here):
    assert not tells(browser(here.staff))
