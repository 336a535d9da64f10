"""The page of mail that the demonstration did not send."""

import pytest
from django.core.mail import send_mail

from dashboards.tests.operator_tools import browser, page, query_count
from tests.builder import make_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LINK = "http://localhost:8000/accounts/confirm-email/abc/"


@pytest.fixture
def world(settings):
    settings.DEMO = True
    settings.EMAIL_BACKEND = "delivery.mail.OutboxEmailBackend"
    return make_world()


def write_to(user, subject="Confirm your address"):
    send_mail(subject, f"Hello,\nopen {LINK} <b>now</b>", None, [user.email])


def test_an_admin_reads_the_mail_and_its_links_open(world):
    write_to(world.here.resident)
    words = page(world.here.admin, "/ops/mail")
    assert "Confirm your address" in words
    assert f'<a href="{LINK}"' in words
    assert "&lt;b&gt;now&lt;/b&gt;" in words
    assert world.here.resident.email in words


def test_mail_of_the_other_distributor_is_not_shown(world):
    write_to(world.there.resident, "Thither business")
    assert "Thither" not in page(world.here.admin, "/ops/mail")
    assert "Thither business" in page(world.platform, "/ops/mail")


@pytest.mark.parametrize("role", ["staff", "auditor", "resident", "member", "organization_admin"])
def test_nobody_else_reads_it_because_its_links_open_accounts(world, role):
    assert browser(getattr(world.here, role)).get("/ops/mail").status_code == 403


def test_outside_of_the_demonstration_there_is_no_such_page(world, settings):
    settings.DEMO = False
    assert browser(world.here.admin).get("/ops/mail").status_code == 404


def test_without_mail_it_says_how_to_get_some(world):
    assert "No mail so far" in page(world.here.admin, "/ops/mail")


def test_long_lists_have_pages_and_a_fixed_number_of_queries(world):
    for _ in range(3):
        write_to(world.here.resident)
    few = query_count(world.here.admin, "/ops/mail")
    for number in range(30):
        write_to(world.here.resident, f"Mail {number}")
    assert query_count(world.here.admin, "/ops/mail") <= few
    assert "1 to 25 of 33" in page(world.here.admin, "/ops/mail")
    assert "26 to 33 of 33" in page(world.here.admin, "/ops/mail?page=2")


def test_the_messages_lead_to_it_and_the_navigation_leads_admins_there(world):
    assert "/ops/mail" in page(world.here.admin, "/ops/messages")
    assert "/ops/messages" in page(world.here.admin, "/ops")
    assert "/ops/messages" not in page(world.here.auditor, "/ops")
