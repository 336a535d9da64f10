"""Customers on their way through the portal, by keyboard alone: from the first page to the closed account."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import gettext, override
from playwright.sync_api import expect

from accounts.models import ApprovalStatus, User
from common.intervals import local_day
from meters.services import issue_claim_codes
from organizations.models import Organization
from tests.browser.hands import DAWN, DAY, DUSK, NIGHT
from tests.browser.mail import link_in, newest_to
from tests.builder import make_member, make_meter, make_organization, make_user, map_meter

PASSWORD = "a kettle on the quiet stove"
SIGN_UP = "Create the account"


@pytest.fixture
def address(look):
    """Makes addresses that no other story has."""
    return lambda name: f"{name}-{look[0]}-{look[1]}@example.com"


def _introduces(person, email: str, first_name: str) -> None:
    person.writes(Email=email, First_name=first_name, Last_name="Miles")


def _chooses_a_password(person) -> None:
    person.writes(Password=PASSWORD)
    person.writes_into("Password (again)", PASSWORD)


def _confirms(person, email: str) -> None:
    """Opens the link in the mail that the sign-up sent, and signs in."""
    person.is_at("/accounts/confirm-email/")
    person.opens(link_in(newest_to(email)))
    person.sees(email)
    person.presses("Yes, confirm it")
    person.is_at("/accounts/login/")
    person.writes(Email=email, Password=PASSWORD)
    person.presses("Sign in", within="main")


@pytest.mark.parametrize("look", [DAY, NIGHT], ids=str)
def test_visitor_becomes_a_resident_with_a_meter(person, town, address):
    meter = make_meter(town.distributor, address("meter")[:20], name="Attic")
    code = issue_claim_codes(meters=[meter])[0].code
    ada, email = person(), address("ada")

    ada.opens("/")
    ada.follows("Create an account", within="main")
    ada.is_at("/accounts/signup/")
    _introduces(ada, email, "Ada")
    _chooses_a_password(ada)
    ada.presses(SIGN_UP)
    _confirms(ada, email)
    ada.is_at("/home")
    ada.sees("Your meter is not linked yet")

    ada.follows("Link your meter")
    ada.is_at("/meters/claim")
    ada.writes(Meter_number=meter.number, Claim_code="WRONG-CODE-HERE")
    ada.presses("Link this meter")
    expect(ada.page.locator(".error-summary")).to_be_focused()
    ada.looks("refused")
    ada.writes(Claim_code=code.lower())
    ada.presses("Link this meter", key="Space")
    ada.is_at("/home")
    ada.sees("is yours: you see it from")
    ada.looks("with a meter")

    _chooses_what_she_is_told(ada)
    _reads_in_spanish_and_asks_for_her_data(ada, email)
    assert User.objects.get(email=email).language == "es"


def _chooses_what_she_is_told(ada) -> None:
    ada.goes_to("Account")
    ada.is_at("/account")
    ada.follows("What you are told", within="main", exact=False)
    ada.is_at("/account/notifications")
    box = ada.page.get_by_role("group", name="Rewards").get_by_role("checkbox").first
    expect(box).to_be_checked()
    ada.ticks_box(box)
    ada.presses("Save")
    ada.sees("Saved.")
    expect(ada.page.get_by_role("group", name="Rewards").get_by_role("checkbox").first).not_to_be_checked()


def _reads_in_spanish_and_asks_for_her_data(ada, email: str) -> None:
    ada.goes_to("Account")
    ada.is_at("/account")
    ada.follows("Name, language and look", within="main", exact=False)
    ada.is_at("/account/profile")
    ada.chooses("Language", "Español")
    ada.presses("Save")
    expect(ada.page.locator("html")).to_have_attribute("lang", "es")
    ada.looks("in Spanish")
    with override("es"):
        ada.goes_to(gettext("Account"))
        ada.is_at("/account")
        ada.looks("in Spanish")
        ada.follows(gettext("Download my data"), within="main", exact=False)
        ada.is_at("/account/data")
        ada.presses(gettext("Put my data together"))
        ada.sees(gettext("Your last request"))
        ada.looks("asked for")
        ada.signs_out(gettext("Sign out"))


@pytest.mark.parametrize("look", [DUSK, DAWN], ids=str)
def test_resident_moves_out_thinks_again_and_closes_the_account(person, town, address):
    email = address("ben")
    resident = make_user(town.distributor, email, password=PASSWORD, first_name="Ben", last_name="Miles")
    meter = make_meter(town.distributor, email[:20], name="Loft")
    map_meter(meter, resident, timezone.now() - timedelta(days=30))
    ben = person()

    ben.signs_in(email, PASSWORD)
    ben.is_at("/home")
    ben.opens(f"/meters/{meter.pk}")
    ben.follows("I move out")
    ben.is_at(f"/meters/{meter.pk}/move-out")
    ben.dates(
        "From which day is this meter no longer yours?", local_day(timezone.now(), meter.zone) + timedelta(days=9)
    )
    ben.presses("Say that I move out")
    ben.is_at("/home")
    ben.sees("is no longer yours")
    ben.looks("before moving out")

    ben.opens(f"/meters/{meter.pk}")
    ben.follows("Change your mind")
    ben.is_at(f"/meters/{meter.pk}/move-out")
    ben.looks("the day is set")
    ben.presses("I stay after all")
    ben.is_at(f"/meters/{meter.pk}")
    ben.sees("The meter stays yours.")

    ben.goes_to("Account")
    ben.is_at("/account")
    ben.follows("Close the account", within="main", exact=False)
    ben.is_at("/account/close")
    ben.writes_into("Type your e-mail address to confirm", email)
    ben.presses("Close my account for good", key="Space")
    ben.is_at("/accounts/reauthenticate/")
    ben.writes(Password=PASSWORD)
    ben.presses("Confirm", within="main")
    ben.is_at("/")
    ben.sees("Your account is closed.")
    resident.refresh_from_db()
    assert resident.closed_at is not None
    assert resident.first_name == ""


@pytest.mark.parametrize("look", [DAY, NIGHT], ids=str)
def test_newcomer_registers_an_organization_and_invites_the_people(person, town, address):
    name = f"Mill {address('')[1:-12]}"
    founder, boss = person(), person()
    email, guest = address("fay"), address("gus")
    admin = make_user(town.distributor, address("boss"), password=PASSWORD, staff_role="admin", first_name="Bo")

    founder.opens("/accounts/signup/")
    _introduces(founder, email, "Fay")
    founder.opens_details("My organization is not in the list")
    founder.writes_into("Name of your organization optional", name)
    founder.writes_into("What your distributor should know optional", "We run the mill.")
    _chooses_a_password(founder)
    founder.presses(SIGN_UP)
    _confirms(founder, email)
    founder.is_at("/accounts/waiting")
    founder.sees("Almost there", name)

    boss.signs_in(admin.email, PASSWORD)
    boss.is_at("/ops")
    boss.goes_to("Organizations")
    boss.is_at("/ops/organizations")
    boss.sees("We run the mill.")
    boss.presses(f"Register {name}")
    boss.sees(f"{name} is registered")
    assert Organization.objects.get(name=name).distributor == town.distributor

    founder.signs_in(email, PASSWORD)
    founder.is_at("/org")
    _invites(founder, guest)
    _guest_joins(person(), guest, name)
    _promotes_and_demotes(founder, "Gus Miles")


def _invites(founder, guest: str) -> None:
    founder.goes_to("People")
    founder.is_at("/org/people")
    founder.follows("Invite someone")
    founder.is_at("/org/invitations")
    founder.writes(Email_addresses=guest)
    founder.presses("Send the invitations")
    founder.sees("1 invitation is on its way.", guest)
    founder.looks("with an open one")


def _guest_joins(gus, guest: str, name: str) -> None:
    gus.opens(link_in(newest_to(guest)))
    gus.sees(f"Join {name}")
    gus.writes(First_name="Gus", Last_name="Miles")
    _chooses_a_password(gus)
    gus.presses("Create the account and join")
    gus.is_at("/org")
    gus.sees(f"You belong to {name} now.")
    gus.looks("as a member")


def _promotes_and_demotes(founder, name: str) -> None:
    founder.goes_to("People")
    founder.is_at("/org/people")
    founder.presses(f"Make {name} an admin")
    founder.sees(f"Admin now: {name}.")
    founder.presses(f"Make {name} a member", key="Space")
    founder.sees(f"Member now: {name}.")
    founder.looks("with two people")
    founder.goes_to("History")
    founder.is_at("/org/audit")
    rows = founder.page.get_by_role("row").filter(has_text=name)
    expect(rows.first).to_be_visible()
    assert rows.count() >= 2


@pytest.mark.parametrize("look", [DUSK, DAWN], ids=str)
def test_person_who_asks_to_join_is_refused_with_a_reason_and_reads_it(person, town, address):
    name = f"Farm {address('')[1:-12]}"
    organization = make_organization(town.distributor, name)
    admin = make_member(organization, email=address("hal"), password=PASSWORD, first_name="Hal", last_name="Miles")
    ida, hal, email = person(), person(), address("ida")

    ida.opens("/accounts/signup/")
    _introduces(ida, email, "Ida")
    ida.chooses("I belong to", name)
    _chooses_a_password(ida)
    ida.presses(SIGN_UP)
    _confirms(ida, email)
    ida.is_at("/accounts/waiting")
    ida.sees("Almost there", name)

    hal.signs_in(admin.email, PASSWORD)
    hal.is_at("/org")
    hal.goes_to("Approvals")
    hal.is_at("/org/approvals")
    hal.presses("Refuse Ida Miles…")
    dialog = hal.page.get_by_role("dialog", name="Refuse Ida Miles?")
    expect(dialog).to_be_visible()
    hal.looks("the question")
    hal.page.keyboard.press("Escape")
    expect(hal.page.get_by_role("button", name="Refuse Ida Miles…")).to_be_focused()
    hal.presses("Refuse Ida Miles…", key="Space")
    hal.writes_into("What we write to them", "We do not know you.", within="dialog[open]")
    hal.presses("Refuse and send the mail", within="dialog[open]")
    hal.sees("Refused: Ida Miles.")
    hal.looks("decided")
    assert "We do not know you." in newest_to(email).payload["text"]

    ida.follows("Check again")
    ida.sees("Your request was refused", "We do not know you.")
    ida.looks("refused")
    assert User.objects.get(email=email).approval_status == ApprovalStatus.REJECTED
