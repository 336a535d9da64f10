"""Second step and sessions in a real browser: app, passkey of a virtual device, recovery codes."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters_now
from allauth.usersessions.models import UserSession
from playwright.sync_api import expect

from tests.browser.reader import ALL_LOOKS
from tests.builder import PASSWORD

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def person(town):
    """A resident, who has no factor afterwards either."""
    person = town.people["neighbor"]
    yield person
    Authenticator.objects.filter(user=person).delete()


def plug_in(reader):
    """Gives the browser a device that keeps passkeys."""
    link = reader.page.context.new_cdp_session(reader.page)
    link.send("WebAuthn.enable")
    return link, link.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]


def prove_password(reader):
    reader.is_at("/accounts/reauthenticate/")
    reader.fill(Password=PASSWORD)
    reader.press("Confirm", within="main")


def test_passkey_is_added_signs_in_alone_and_is_removed(visit, person):
    reader = visit()
    plug_in(reader)
    reader.sign_in(person.email)
    reader.open("/accounts/2fa/")
    reader.follow("Add a passkey")
    prove_password(reader)
    reader.must_be_accessible(ALL_LOOKS)
    reader.page.locator("[name=name]").fill("Blue key")
    reader.press("Add the passkey")
    reader.is_at("/accounts/2fa/recovery-codes/")
    reader.must_be_accessible(ALL_LOOKS)
    reader.follow("I have kept them, go on")
    reader.sign_out()

    reader.open("/accounts/login/")
    reader.press("Sign in with a passkey")
    reader.is_at("/home")

    reader.open("/accounts/2fa/webauthn/")
    reader.sees("Blue key", "Signs in alone.")
    reader.must_be_accessible(ALL_LOOKS)
    reader.follow("Rename Blue key")
    reader.page.get_by_role("link", name="security key").click()
    reader.is_at("/accounts/2fa/webauthn/reauthenticate/")
    reader.must_be_accessible()
    reader.press("Use a passkey")
    reader.page.locator("[name=name]").fill("Green key")
    reader.press("Save", within="main")
    reader.follow("Remove Green key")
    reader.must_be_accessible()
    reader.press("Remove it")
    reader.sees("No passkey so far")
    assert not Authenticator.objects.filter(user=person).exists()


def test_passkey_that_says_no_is_explained(visit, person):
    reader = visit()
    link, device = plug_in(reader)
    reader.open("/accounts/login/")
    link.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    reader.press("Sign in with a passkey")
    reader.sees("That did not work")
    reader.must_be_accessible(ALL_LOOKS)


def test_app_is_set_up_and_its_code_brings_one_in(visit, person):
    reader = visit()
    reader.sign_in(person.email)
    reader.open("/accounts/2fa/")
    reader.follow("Set up an app")
    prove_password(reader)
    reader.must_be_accessible(ALL_LOOKS)
    reader.page.get_by_text("It cannot be scanned?").click()
    secret = reader.page.locator(".secret-key").inner_text()
    _before, now, after = (format_hotp_value(hotp_value(secret, counter)) for counter in counters_now())
    reader.fill(Code_from_the_app=now)
    reader.press("Turn it on")
    reader.is_at("/accounts/2fa/recovery-codes/")
    code = reader.page.locator(".codes li").first.inner_text()
    reader.sign_out()

    reader.open("/accounts/login/")
    reader.fill(Email=person.email, Password=PASSWORD)
    reader.press("Sign in", within="main")
    reader.is_at("/accounts/2fa/authenticate/")
    reader.must_be_accessible(ALL_LOOKS)
    reader.fill(Code="000000")
    reader.press("Sign in", within="main")
    reader.sees("This code is not right")
    reader.must_be_accessible()
    reader.fill(Code=after)
    reader.press("Sign in", within="main")
    reader.is_at("/home")

    lost = visit()
    lost.open("/accounts/login/")
    lost.fill(Email=person.email, Password=PASSWORD)
    lost.press("Sign in", within="main")
    lost.fill(Code=code)
    lost.press("Sign in", within="main")
    lost.is_at("/home")
    lost.open("/accounts/sessions/")
    lost.must_be_accessible(ALL_LOOKS)
    lost.press("End all others")
    lost.sees("This one")
    expect(lost.page.locator(".lines > li")).to_have_count(1)
    reader.page.goto(reader.url + "/home")
    reader.is_at("/accounts/login/")
    assert UserSession.objects.filter(user=person).count() == 1


def test_admin_without_a_factor_is_led_to_the_set_up(visit, town):
    operator = town.people["staff"]
    type(operator).objects.filter(pk=operator.pk).update(staff_role="admin")
    try:
        reader = visit()
        reader.sign_in(operator.email)
        for path in ("/ops", "/admin/", "/"):
            reader.page.goto(reader.url + path)
            reader.is_at("/accounts/2fa/")
        reader.sees("Before you go on:")
        reader.must_be_accessible(ALL_LOOKS)
        reader.press("Not now, sign out")
        reader.is_at("/")
    finally:
        type(operator).objects.filter(pk=operator.pk).update(staff_role="staff")
