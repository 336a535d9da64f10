"""A factor that comes or goes ends the sessions that never proved it."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from accounts.mfa.services import reset_factors
from accounts.models import User
from accounts.tests.journeys import is_in, log_in
from meters.tests.test_races import at_once
from tests.builder import PASSWORD, code_of_now, make_admin, make_distributor, make_user

ADA = "ada@example.com"
ACTIVATE = "/accounts/2fa/totp/activate/"


def signed_in() -> Client:
    """A browser with the password, a moment ago."""
    client = Client()
    log_in(client, ADA)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def asked(client: Client) -> str:
    """The code for the secret on the set-up page."""
    secret = client.get(ACTIVATE).context["form"].secret
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.mark.django_db
class TestSessions:
    @pytest.mark.django_db(transaction=True)
    def test_first_factor_ends_sessions_of_the_password_alone(self) -> None:
        make_admin(make_distributor(), email=ADA, password=PASSWORD, has_factor=False)
        thief, owner = signed_in(), signed_in()
        owner.post(ACTIVATE, {"code": asked(owner)})
        assert is_in(owner)
        assert thief.get("/home").url.startswith("/accounts/login/")

    def test_further_factor_leaves_sessions_alone(self) -> None:
        ada = make_user(make_distributor(), email=ADA, password=PASSWORD)
        Authenticator.objects.create(user=ada, type=Authenticator.Type.WEBAUTHN, data={"name": "key"})
        phone, desk = Client(), Client()
        phone.force_login(ada)
        desk.force_login(ada)
        extra = Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": ""})
        request = type("Request", (), {"session": desk.session})()
        authenticator_added.send(Authenticator, request=request, user=ada, authenticator=extra)
        assert is_in(phone)
        assert is_in(desk)

    def test_reset_of_factors_ends_sessions(self) -> None:
        distributor = make_distributor()
        ada = make_admin(distributor, email=ADA, password=PASSWORD)
        thief = Client()
        log_in(thief, ADA)
        thief.post("/accounts/2fa/authenticate/", {"code": code_of_now()})
        assert is_in(thief)
        reset_factors(user=ada, by=None, reason="The phone was stolen; she came to the office.")
        assert thief.get("/home").url.startswith("/accounts/login/")


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_two_windows_at_once_set_up_one_app_and_one_set_of_codes() -> None:
    for _round in range(4):
        User.objects.filter(email=ADA).delete()
        ada = make_user(make_distributor(), email=ADA, password=PASSWORD)
        windows = [signed_in(), signed_in()]
        codes = [asked(window) for window in windows]
        posts = [
            lambda window=window, code=code: window.post(ACTIVATE, {"code": code}).status_code
            for window, code in zip(windows, codes, strict=True)
        ]
        at_once(*posts)
        kinds = sorted(Authenticator.objects.filter(user=ada).values_list("type", flat=True))
        assert kinds == ["recovery_codes", "totp"]
