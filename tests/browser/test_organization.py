"""An organization's admin lets people in and out; its members read."""

import pytest
from playwright.sync_api import expect

from tests.browser.mail import newest_to
from tests.browser.reader import LARGE, PHONE


@pytest.fixture
def director(visit, town):
    """The admin of Harbor Water Works, whose people no test changes."""
    return visit(town.people["director"])


def test_admin_approves_promotes_demotes_and_removes(visit, town):
    admin, waiting = visit(), visit()
    noa, sam = town.people["waiting"], town.people["teacher"]

    waiting.sign_in(noa.email)
    waiting.is_at("/accounts/waiting")
    waiting.sees("Almost there", "Maple Street School")
    waiting.must_be_accessible()
    waiting.open("/org")
    waiting.is_at("/accounts/waiting")

    admin.sign_in(town.people["principal"].email)
    admin.is_at("/org")
    admin.sees("One person waits for your answer.")
    admin.follow("Answer", exact=False)
    admin.is_at("/org/approvals")
    admin.page.get_by_label(f"Select {noa.get_full_name()}").check()
    admin.press("Approve")
    admin.sees(f"Approved: {noa.get_full_name()}", within="body")
    admin.sees("Nobody waits for your answer")
    assert "Maple Street School" in newest_to(noa.email).payload["subject"] + newest_to(noa.email).payload["text"]

    waiting.open("/accounts/waiting")
    waiting.is_at("/accounts/login/")
    waiting.sign_in(noa.email)
    waiting.is_at("/org")
    expect(waiting.title()).to_contain_text("Maple Street School")

    admin.follow("People", within="header")
    row = admin.page.get_by_role("row").filter(has_text=sam.email)
    admin.press(f"Make {sam.get_full_name()} an admin")
    admin.sees(f"Admin now: {sam.get_full_name()}.", within="body")
    expect(row).to_contain_text("Admin")
    admin.press(f"Make {sam.get_full_name()} a member")
    admin.sees(f"Member now: {sam.get_full_name()}.", within="body")

    admin.press(f"Remove {sam.get_full_name()}…")
    dialog = admin.page.get_by_role("dialog", name=f"Remove {sam.get_full_name()}?")
    expect(dialog).to_be_visible()
    admin.must_be_accessible([(LARGE, "light"), (PHONE, "dark"), (LARGE, "light")])
    admin.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(admin.page.get_by_role("button", name=f"Remove {sam.get_full_name()}…")).to_be_focused()
    admin.press(f"Remove {sam.get_full_name()}…")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    admin.sees(f"Removed: {sam.get_full_name()}.", within="body")
    expect(row).to_have_count(0)


def test_last_admin_cannot_step_down(director, town):
    name = town.people["director"].get_full_name()
    director.open("/org/people")
    director.press(f"Make {name} a member")
    director.is_at("/org/people")
    director.sees("This is the organization’s only admin. Make someone else an admin first.", within="body")
    expect(director.page.get_by_role("row").filter(has_text=name)).to_contain_text("Admin")


def test_member_reads_and_picks_among_the_meters(visit, town):
    member = visit()
    member.sign_in(town.people["engineer"].email)
    member.is_at("/org")
    expect(member.title()).to_have_text("Harbor Water Works")
    member.sees("Which meter saved most in events", "You are a member")
    assert member.page.get_by_role("link", name="People").count() == 0

    member.follow("Meters", within="header")
    member.is_at("/org/meters")
    member.follow(town.pump.label, within="main", exact=False)
    member.is_at(f"/meters/{town.pump.pk}")
    member.wait_for_charts()
    with member.page.expect_navigation():
        member.page.get_by_label("Meter", exact=True).select_option(str(town.hall.pk))
    member.is_at(f"/meters/{town.hall.pk}")
    expect(member.title()).to_contain_text(town.hall.label)

    member.follow("Rewards", within="header")
    member.is_at("/org/rewards")
    member.sees("Final")


def test_member_cannot_decide_about_people(visit, town):
    member = visit(town.people["engineer"])
    for path in ("/org/people", "/org/approvals"):
        member.open(path, status=403)
        expect(member.title()).to_be_visible()


def test_organization_does_not_find_the_meter_of_another(director, town):
    director.open(f"/meters/{town.home.pk}", status=404)
    expect(director.title()).to_be_visible()
