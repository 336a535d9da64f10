"""Sessions in Redis and in the database: the database decides, also after Redis was away and came back as it was."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import ApprovalStatus
from accounts.services import set_approval
from accounts.sessions.services import end_sessions
from accounts.sessions.store import SessionStore
from common import cache as portal_cache
from tests.builder import make_side
from tests.redis_server import portal_on_redis

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

STOP, GO_ON = 19, 18


@pytest.fixture
def redis(tmp_path):
    with portal_on_redis(tmp_path, timeout_seconds=0.2) as server:
        yield server


@pytest.fixture
def side(redis):
    return make_side("Hither")


def signed_in(user):
    client = Client()
    client.force_login(user)
    assert is_in(client)
    return client


def is_in(client):
    return client.get("/account").status_code == 200


def with_cookie_of(client):
    """Another browser with the same cookie, as it is now."""
    other = Client()
    other.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return other


class Break:
    """Redis that does not answer for a while, and then answers as if nothing had been."""

    def __init__(self, redis):
        self.process = redis.process

    def __enter__(self):
        self.process.send_signal(STOP)

    def __exit__(self, *_args):
        self.process.send_signal(GO_ON)
        # As another process would: nothing is remembered of the break.
        portal_cache._away_until.clear()


class TestAfterABreak:
    def test_who_signed_out_meanwhile_stays_out(self, side, redis):
        client = signed_in(side.resident)
        thief = with_cookie_of(client)
        with Break(redis):
            client.post("/accounts/logout/")
        assert not is_in(thief)
        assert not is_in(client)

    def test_session_that_was_ended_from_elsewhere_stays_ended(self, side, redis):
        client = signed_in(side.resident)
        UserSession.objects.create(
            user=side.resident, session_key=client.session.session_key, ip="127.0.0.1", user_agent=""
        )
        with Break(redis):
            assert end_sessions(user=side.resident, by=side.resident) == 1
        assert not is_in(client)

    def test_who_was_put_out_and_let_in_again_signs_in_anew(self, side, redis):
        client = signed_in(side.resident)
        UserSession.objects.create(
            user=side.resident, session_key=client.session.session_key, ip="127.0.0.1", user_agent=""
        )
        with Break(redis):
            set_approval(user=side.resident, status=ApprovalStatus.REJECTED, by=side.admin)
            set_approval(user=side.resident, status=ApprovalStatus.APPROVED, by=side.admin)
        assert not is_in(client)

    def test_what_a_session_holds_is_what_was_written_last(self, side, redis):
        client = signed_in(side.resident)
        with Break(redis):
            session = client.session
            session["acting"] = "over"
            session.save()
        client.get("/account")
        assert client.session["acting"] == "over"
        assert Session.objects.get().get_decoded()["acting"] == "over"

    def test_who_did_nothing_stays_in(self, side, redis):
        client = signed_in(side.resident)
        with Break(redis):
            assert is_in(client)
        assert is_in(client)

    def test_person_of_the_last_write_is_the_one(self, side, redis):
        client = signed_in(side.resident)
        with Break(redis):
            client.logout()
            client.force_login(side.neighbor)
        assert client.get("/account").wsgi_request.user == side.neighbor


class TestEveryDay:
    def test_session_is_read_from_redis_and_checked_with_the_person(self, side, django_assert_max_num_queries):
        client = signed_in(side.resident)
        with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.db"):
            plain = signed_in(side.neighbor)
            with django_assert_max_num_queries(100) as before:
                plain.get("/account")
        with django_assert_max_num_queries(100) as now:
            client.get("/account")
        assert len(now) == len(before) - 1
        assert not [each for each in now.captured_queries if 'FROM "django_session"' in each["sql"][:60]]

    def test_session_that_ran_out_is_not_kept_alive(self, side):
        client = signed_in(side.resident)
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
        assert not is_in(client)

    def test_row_deleted_by_hand_ends_the_session(self, side):
        client = signed_in(side.resident)
        Session.objects.all().delete()
        assert not is_in(client)

    def test_nothing_that_redis_holds_is_run(self, side):
        client = signed_in(side.resident)
        store = SessionStore(client.session.session_key)
        kept = store._cache.get(store.cache_key)
        assert isinstance(kept, str)
        assert kept == Session.objects.get().session_data
        # What somebody else wrote there opens nothing: it is neither signed nor what the database holds.
        store._cache.set(store.cache_key, {"_auth_user_id": str(side.admin.pk)})
        assert client.get("/account").wsgi_request.user == side.resident
        store._cache.set(store.cache_key, "forged")
        assert client.get("/account").wsgi_request.user == side.resident

    def test_two_browsers_at_once_read_what_either_wrote(self, side):
        client = signed_in(side.resident)
        other = SessionStore(client.session.session_key)
        other["language"] = "es"
        other.save()
        assert client.get("/account").wsgi_request.session["language"] == "es"
