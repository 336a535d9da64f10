"""A visitor looks around, signs up, confirms the address and is in."""

from playwright.sync_api import expect

from tests.browser.mail import link_in, newest_to
from tests.browser.reader import PHONE

PASSWORD = "a kettle on the quiet stove"


def test_visitor_finds_the_way_from_the_landing_page_to_an_account(visitor):
    visitor.open("/")
    visitor.sees("Larkfield Electric pays homes and organizations", "events finished", "Evening peak")

    visitor.follow("How it works", within="header")
    visitor.is_at("/how-it-works")
    expect(visitor.page.get_by_role("heading", name="example").first).to_be_visible()

    visitor.follow("Programs", within="header")
    visitor.is_at("/programs")
    visitor.sees("Evening peak", "$2.80 for each kilowatt")

    visitor.follow("Create an account", within="main")
    visitor.is_at("/accounts/signup/")
    visitor.follow("Sign in", within="main")
    visitor.is_at("/accounts/login/")
    visitor.follow("Create an account", within="main")
    visitor.is_at("/accounts/signup/")


def test_resident_signs_up_confirms_by_mail_and_comes_home(visitor):
    visitor.open("/accounts/signup/")
    visitor.fill(Email="ada@example.com", First_name="Ada", Last_name="Miles", Password=PASSWORD)
    visitor.page.get_by_label("Password (again)").fill(PASSWORD)
    visitor.press("Create the account")
    visitor.is_at("/accounts/confirm-email/")

    visitor.open(link_in(newest_to("ada@example.com")))
    visitor.sees("ada@example.com")
    visitor.press("Yes, confirm it")
    visitor.page.wait_for_load_state()

    if "/login" in visitor.page.url:
        visitor.sign_in("ada@example.com", PASSWORD)
    visitor.is_at("/home")
    visitor.sees("Your meter is not linked yet")


def test_keyboard_alone_reaches_the_main_action(visitor):
    visitor.open("/")
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.locator("a.skip")).to_be_focused()
    expect(visitor.page.locator("a.skip")).to_be_in_viewport()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#main")).to_be_focused()

    visitor.page.keyboard.press("Tab")
    expect(visitor.page.locator("main").get_by_role("link", name="Create an account").first).to_be_focused()
    visitor.page.keyboard.press("Enter")
    visitor.is_at("/accounts/signup/")


def test_menu_opens_by_keyboard_and_closes_by_escape(visit, town):
    reader = visit(town.people["director"], PHONE)
    reader.open("/org")
    reader.page.get_by_role("button", name="Menu").focus()
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("#main-nav")).to_be_visible()
    reader.must_be_accessible([(PHONE, "light")])
    reader.page.keyboard.press("Escape")
    expect(reader.page.locator("#main-nav")).to_be_hidden()
