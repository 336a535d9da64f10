"""Sessions: listed in words, ended at once."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import ApprovalStatus, AuditEntry
from accounts.services import set_approval
from accounts.sessions.devices import device_of
from accounts.sessions.services import SECONDS_BETWEEN, SEEN
from accounts.tests.journeys import is_in, log_in
from tests.builder import PASSWORD, make_distributor, make_token, make_user

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def ada():
    return make_user(make_distributor("Hither"), email=ADA, password=PASSWORD)


@pytest.fixture
def desk(ada):
    client = Client(headers={"user-agent": FIREFOX})
    log_in(client, ADA)
    return client


@pytest.fixture
def phone(ada, desk):
    client = Client(headers={"user-agent": PHONE})
    log_in(client, ADA)
    return client


def lines(client):
    return client.get("/accounts/sessions/").context["sessions"]


class TestList:
    def test_names_devices_and_marks_this_one(self, desk, phone):
        assert [(each["device"], each["is_current"]) for each in lines(desk)] == [
            ("Firefox on Linux", True),
            ("Safari on iPhone", False),
        ]

    def test_ends_one(self, desk, phone):
        other = next(each for each in lines(desk) if not each["is_current"])
        assert desk.post("/accounts/sessions/", {"session": other["pk"]}).status_code == 302
        assert not is_in(phone)
        assert is_in(desk)
        assert len(lines(desk)) == 1
        assert Session.objects.count() == 1

    def test_ends_all_others(self, desk, phone):
        desk.post("/accounts/sessions/")
        assert (is_in(desk), is_in(phone)) == (True, False)
        entry = AuditEntry.objects.get(act="session.ended")
        assert entry.additional_data == {"sessions": 1}

    def test_session_of_somebody_else_is_not_found(self, desk, ada):
        bob = make_user(make_distributor("Thither"), email="bob@example.com", password=PASSWORD)
        stranger = Client()
        log_in(stranger, bob.email)
        theirs = UserSession.objects.get(user=bob)
        assert desk.post("/accounts/sessions/", {"session": theirs.pk}).status_code == 404
        assert desk.post("/accounts/sessions/", {"session": "x"}).status_code == 404
        assert is_in(stranger)

    def test_own_session_is_not_ended_from_the_list(self, desk):
        mine = lines(desk)[0]["pk"]
        assert desk.post("/accounts/sessions/", {"session": mine}).status_code == 404
        assert is_in(desk)

    def test_ended_session_is_not_listed(self, desk, phone):
        phone.post("/accounts/logout/")
        assert len(lines(desk)) == 1


class TestActivity:
    def test_is_not_written_at_every_request(self, desk, django_assert_num_queries):
        before = UserSession.objects.get().last_seen_at
        desk.get("/account")
        assert UserSession.objects.get().last_seen_at == before

    def test_is_written_after_five_minutes(self, desk):
        UserSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=1), ip="192.0.2.1")
        session = desk.session
        session[SEEN] -= SECONDS_BETWEEN
        session.save()
        desk.get("/account")
        row = UserSession.objects.get()
        assert timezone.now() - row.last_seen_at < timedelta(minutes=1)
        assert row.ip == "127.0.0.1"

    def test_session_without_a_row_gets_one(self, ada):
        client = Client()
        client.force_login(ada)
        session = client.session
        del session[SEEN]
        session.save()
        client.get("/account")
        assert UserSession.objects.get().user_id == ada.pk

    def test_visitor_leaves_no_row(self, client):
        client.get("/")
        assert not UserSession.objects.exists()
        assert not client.cookies.get("sessionid")


class TestEndOfApproval:
    @pytest.mark.parametrize("status", [ApprovalStatus.REJECTED, ApprovalStatus.PENDING])
    def test_ends_sessions_and_tokens_at_once(self, ada, desk, phone, status):
        token, key = make_token(ada)
        set_approval(user=ada, status=status, by=None)
        assert not UserSession.objects.exists()
        assert not Session.objects.exists()
        token.refresh_from_db()
        assert token.revoked_at is not None
        assert (is_in(desk), is_in(phone)) == (False, False)
        assert Client().get("/api/v1/meters", headers={"authorization": f"Bearer {key}"}).status_code == 401

    def test_leaves_others_alone(self, ada, desk):
        bob = make_user(make_distributor("Thither"))
        make_token(bob)
        set_approval(user=bob, status=ApprovalStatus.REJECTED, by=None)
        assert is_in(desk)

    def test_new_approval_brings_no_old_token_back(self, ada):
        _token, key = make_token(ada)
        set_approval(user=ada, status=ApprovalStatus.REJECTED, by=None)
        set_approval(user=ada, status=ApprovalStatus.APPROVED, by=None)
        assert Client().get("/api/v1/meters", headers={"authorization": f"Bearer {key}"}).status_code == 401


def test_new_password_ends_the_other_sessions(desk, phone):
    new = "a staple of another horse"
    desk.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert (is_in(desk), is_in(phone)) == (True, False)
    assert UserSession.objects.count() == 1


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
            "Safari/537.36 Edg/126.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
            "Chrome/121.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/126.0.0.0 Safari/537.36",
            "Chrome on macOS",
        ),
        ("curl/8.5.0", "Another program"),
        ("", "Another program"),
    ],
)
def test_device_is_named_as_people_name_it(user_agent, words):
    assert device_of(user_agent) == words
