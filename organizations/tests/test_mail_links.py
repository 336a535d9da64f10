"""Links in mails lead to their reader's home, whatever host the request named."""

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.tests.journeys import mails_to, sign_up
from organizations.models import Distributor
from tests.builder import Side, World

pytestmark = pytest.mark.django_db
STRANGE = "portal.thither.example"


@pytest.fixture(autouse=True)
def demonstration(settings: object) -> None:
    """Keeps the text of mails that were sent."""
    settings.DEMO = True  # type: ignore[attr-defined]  # of the test fixture


@pytest.fixture
def strange(world: World) -> Client:
    """A browser at the host that the other distributor's admin gave it."""
    Distributor.objects.filter(pk=world.there.distributor.pk).update(host=STRANGE)
    cache.clear()
    return Client(headers={"host": STRANGE})


def texts_to(address: str) -> str:
    return "\n".join(mail.payload["text"] for mail in mails_to(address))


def test_reset_asked_for_at_a_strangers_host_leads_home(strange: Client, world: World, settings: object) -> None:
    for victim in (world.here.admin, world.here.resident, world.platform):
        strange.post("/accounts/password/reset/", {"email": victim.email})
        text = texts_to(victim.email)
        assert f"{settings.SITE_URL}/accounts/password/reset/key/" in text  # type: ignore[attr-defined]  # of the test fixture
        assert STRANGE not in text


def test_sign_up_with_a_strangers_address_leads_its_owner_home(strange: Client, world: World) -> None:
    victim = world.here.resident
    sign_up(strange, victim.email, world.there.distributor)
    text = texts_to(victim.email)
    assert "/accounts/password/reset/" in text
    assert STRANGE not in text


def test_own_people_stay_at_their_distributors_host(strange: Client, world: World) -> None:
    strange.post("/accounts/password/reset/", {"email": world.there.resident.email})
    assert f"//{STRANGE}/accounts/password/reset/key/" in texts_to(world.there.resident.email)
    sign_up(strange, "new@example.com", world.there.distributor)
    assert f"//{STRANGE}/accounts/confirm-email/" in texts_to("new@example.com")
    assert User.objects.get(email="new@example.com").tenant_id == world.there.distributor.pk


def test_port_that_a_visitor_wrote_is_in_no_link(world: World) -> None:
    side: Side = world.here
    Client(headers={"host": "testserver:6666"}).post("/accounts/password/reset/", {"email": side.resident.email})
    assert "6666" not in texts_to(side.resident.email)
