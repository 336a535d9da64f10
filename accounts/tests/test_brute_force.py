"""Guessing passwords, codes and tokens, in one process; `tests/test_brute_force.py` does it with several."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client

from accounts.tests.journeys import is_in, link_in, log_in, mails_to, sign_up
from common import cache as portal_cache
from tests.builder import PASSWORD, make_token, make_user

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
WRONG = "not the password at all"
LOCKED = "Too many wrong tries. Wait five minutes"
NEITHER = {
    "BACKEND": "common.cache.PortalCache",
    "LOCATION": "unix:///nowhere/redis.sock",
    "OPTIONS": {"IGNORE_EXCEPTIONS": True, "FALLBACK": "no_such_table"},
}


@pytest.fixture
def ada(here):
    return make_user(here.distributor, ADA, password=PASSWORD)


def guess(times, email=ADA, **more):
    """The answers to wrong passwords, each from another browser."""
    return [log_in(Client(**more), email, WRONG) for _ in range(times)]


def from_address(address):
    """A browser at an address."""
    return Client(REMOTE_ADDR=address)


class TestLockOut:
    def test_after_five_wrong_passwords_even_the_right_one_waits(self, ada):
        assert not any(LOCKED in answer.text for answer in guess(5))
        browser = Client()
        assert LOCKED in log_in(browser, ADA).text
        assert not is_in(browser)

    def test_page_says_how_long_and_what_else(self, ada):
        text = guess(6)[-1].text
        assert "five minutes" in text
        assert "/accounts/password/reset/" in text

    def test_unknown_address_is_locked_alike(self, ada):
        guess(5)
        guess(5, "nobody@example.com")
        one, other = log_in(from_address("10.0.0.1"), ADA), log_in(from_address("10.0.0.1"), "nobody@example.com")
        assert (LOCKED in one.text, LOCKED in other.text) == (True, True)
        assert one.status_code == other.status_code

    def test_reset_stays_open_and_lets_in_at_once(self, ada):
        guess(6)
        browser = Client()
        assert browser.post("/accounts/password/reset/", {"email": ADA}).status_code == 302
        page = browser.get(link_in(mails_to(ADA)[-1]), follow=True)
        fresh = "another battery staple horse"
        path = page.request["PATH_INFO"]
        assert browser.post(path, {"password1": fresh, "password2": fresh}).status_code == 302
        browser = Client()
        log_in(browser, ADA, fresh)
        assert is_in(browser)

    def test_right_password_in_between_frees_no_further_guesses(self, ada):
        guess(4)
        browser = Client()
        log_in(browser, ADA)
        assert is_in(browser)
        assert [LOCKED in answer.text for answer in guess(2)] == [False, True]

    @pytest.mark.parametrize("hosts", [[f"testserver:{port}" for port in range(6)], ["localhost", "127.0.0.1"] * 3])
    def test_another_host_name_is_no_fresh_start(self, ada, settings, hosts):
        settings.ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
        answers = [log_in(Client(HTTP_HOST=host), ADA, WRONG) for host in hosts]
        assert LOCKED in answers[-1].text

    def test_other_spellings_are_no_fresh_start(self, ada):
        for spelling in ("ADA@example.com", "Ada@Example.Com", " ada@example.com ", "aDa@EXAMPLE.com", ADA):
            log_in(Client(), spelling, WRONG)
        assert LOCKED in log_in(Client(), ADA).text

    def test_accents_that_a_database_overlooks_share_one_counter(self, ada):
        spellings = ["éxample.com", "exàmple.com", "examplé.com", "exämple.com", "exämplé.com", "êxample.com"]
        answers = [log_in(Client(), f"ada@{spelling}", WRONG) for spelling in spellings]
        assert LOCKED in answers[-1].text


class TestForwardedFor:
    def test_without_a_proxy_the_header_counts_for_nothing(self, ada):
        for number in range(10):
            guess(1, f"user{number}@example.com", headers={"X-Forwarded-For": f"10.1.1.{number}"})
        assert LOCKED in guess(1, headers={"X-Forwarded-For": "10.9.9.9"})[0].text

    def test_behind_a_proxy_only_what_the_proxy_wrote_counts(self, ada, settings):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        for number in range(10):
            guess(1, f"user{number}@example.com", headers={"X-Forwarded-For": f"10.1.1.{number}, 10.0.0.1"})
        assert LOCKED in guess(1, headers={"X-Forwarded-For": "10.9.9.9, 10.0.0.1"})[0].text
        assert LOCKED not in guess(1, headers={"X-Forwarded-For": "10.0.0.1, 10.0.0.2"})[0].text


class TestOtherDoors:
    def assert_told_to_wait(self, answer):
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "60"
        assert "Wait one minute" in answer.text
        assert "base.html" in [template.name for template in answer.templates]

    def test_reset_mails_to_one_address_are_limited(self, ada):
        answers = [from_address(f"10.0.0.{n}").post("/accounts/password/reset/", {"email": ADA}) for n in range(6)]
        assert {answer.status_code for answer in answers[:5]} == {302}
        self.assert_told_to_wait(answers[5])
        assert len(mails_to(ADA)) == 5

    def test_reset_mails_from_one_place_are_limited(self, ada):
        answers = [Client().post("/accounts/password/reset/", {"email": f"u{n}@example.com"}) for n in range(21)]
        assert {answer.status_code for answer in answers[:20]} == {302}
        self.assert_told_to_wait(answers[20])

    def test_sign_ups_from_one_place_are_limited(self, here):
        answers = [sign_up(Client(), f"u{n}@example.com", here.distributor) for n in range(21)]
        assert {answer.status_code for answer in answers[:20]} == {302}
        self.assert_told_to_wait(answers[20])

    def test_codes_of_the_second_step_are_limited(self, ada):
        TOTP.activate(ada, generate_totp_secret())
        browser = Client()
        log_in(browser, ADA)
        answers = [browser.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"}) for n in range(6)]
        assert [LOCKED in answer.text for answer in answers] == [False] * 5 + [True]
        assert not is_in(browser)

    def test_wrong_tokens_are_limited_by_where_they_come_from(self, here):
        def ask(key, address="10.0.0.1"):
            return Client(REMOTE_ADDR=address).get("/api/v1/meters", headers={"Authorization": f"Bearer {key}"})

        answers = [ask(f"drp_{n}") for n in range(31)]
        assert {answer.status_code for answer in answers[:30]} == {401}
        assert (answers[30].status_code, answers[30].headers["Retry-After"]) == (429, "60")
        assert ask("drp_other", "10.0.0.2").status_code == 401
        assert ask(make_token(here.admin)[1]).status_code == 200


class TestCounting:
    def test_guess_that_cannot_be_counted_in_time_is_refused(self, ada, monkeypatch):
        """allauth waits a second for its lock, and lets nobody through without it."""
        monkeypatch.setattr("allauth.core.internal.ratelimit.CACHE_LOCK_WAIT_TIMEOUT", 0.05)
        monkeypatch.setattr("allauth.core.internal.ratelimit.CACHE_LOCK_RETRY_INTERVAL", 0.01)
        log_in(Client(), ADA, WRONG)
        keys = [key.removeprefix(":1:") for key in cache._cache if "login_failed" in key]
        assert keys
        for key in keys:
            cache.add(f"{key}:lock", True, 10)
        browser = Client()
        assert LOCKED in log_in(browser, ADA).text
        assert not is_in(browser)


class TestNothingCounts:
    @pytest.fixture(autouse=True)
    def neither(self, settings, monkeypatch):
        monkeypatch.setattr(portal_cache, "_away_until", {})
        settings.CACHES = {"default": NEITHER}

    def test_right_password_opens_nothing(self, ada):
        browser = Client()
        answer = log_in(browser, ADA)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "lets nobody in" in answer.text
        assert not is_in(browser)

    def test_wrong_token_gets_the_same_answer_as_one_sentence(self, here):
        browser = Client(raise_request_exception=False)
        answer = browser.get("/api/v1/meters", headers={"Authorization": "Bearer drp_wrong"})
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["code"] == "unavailable"

    def test_who_is_in_already_stays_in(self, ada):
        browser = Client()
        browser.force_login(ada)
        assert browser.get("/home").status_code == 200
