"""Nobody finds out from outside who has an account: known and unknown addresses get the same answer."""

import re

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApprovalStatus, User
from accounts.tests.journeys import log_in, sign_up
from delivery.models import Message
from tests.builder import PASSWORD, make_user

pytestmark = pytest.mark.django_db

KNOWN, UNKNOWN = "known@example.com", "nobody@example.com"
WRONG = "not the password at all"


class CountedHasher(MD5PasswordHasher):
    """Quick, and counts its work."""

    work = 0

    def encode(self, password, salt):
        CountedHasher.work += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def counted(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountedHasher"]


@pytest.fixture
def distributor(here):
    make_user(here.distributor, KNOWN, password=PASSWORD)
    return here.distributor


def reset(client, address):
    return client.post("/accounts/password/reset/", {"email": address})


@pytest.fixture(params=["sign up", "reset", "log in", "log in to an account that waits"])
def door(request, distributor):
    """What somebody does with an address; returns the answer."""
    if "waits" in request.param:
        User.objects.filter(email=KNOWN).update(approval_status=ApprovalStatus.PENDING)
    return {
        "sign up": lambda client, address: sign_up(client, address, distributor),
        "reset": reset,
    }.get(request.param, lambda client, address: log_in(client, address, WRONG))


def seen(answer, address):
    """All that a visitor gets, without what is different at every request."""
    text = answer.text.replace(address, "ADDRESS")
    text = re.sub(r'(name="csrfmiddlewaretoken" value|nonce|name="style-nonce" content)="[^"]+"', "", text)
    headers = {name: re.sub(r"nonce-[^']+", "", value) for name, value in answer.headers.items()}
    for name in ("Content-Length", "Expires"):
        headers.pop(name, None)
    cookies = {
        name: {key: value for key, value in cookie.items() if key != "expires"}
        for name, cookie in answer.cookies.items()
    }
    return answer.status_code, headers, cookies, text


def test_answer_and_the_page_after_it_are_the_same(door):
    pages = []
    for address in (KNOWN, UNKNOWN):
        browser = Client()
        answer = door(browser, address)
        pages.append([seen(answer, address)])
        if answer.status_code == 302:
            pages[-1].append(seen(browser.get(answer.url), address))
    assert pages[0] == pages[1]


def test_password_work_is_the_same(door):
    work = []
    for address in (KNOWN, UNKNOWN):
        before = CountedHasher.work
        door(Client(), address)
        work.append(CountedHasher.work - before)
    assert work[0] == work[1]


def test_each_address_gets_as_many_mails(door):
    rows = []
    for address in (KNOWN, UNKNOWN):
        door(Client(), address)
        rows.append(Message.objects.filter(kind="mail", recipient=address).count())
    assert rows[0] == rows[1]


def test_reset_and_log_in_ask_the_database_about_as_much(distributor):
    for door in (reset, lambda client, address: log_in(client, address, WRONG)):
        counts = []
        for address in (KNOWN, UNKNOWN):
            with CaptureQueriesContext(connection) as queries:
                door(Client(), address)
            counts.append(len(queries))
        assert abs(counts[0] - counts[1]) <= 3, counts
