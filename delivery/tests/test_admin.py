"""The outbox in the admin: for those who run the distributor, and without the links that open accounts."""

import pytest
from django.urls import reverse

from delivery.models import Attempt, Message
from tests.builder import make_world

pytestmark = pytest.mark.django_db
SECRET = "https://portal.example/accounts/confirm-email/key-that-opens-an-account/"


@pytest.fixture
def world():
    world = make_world()
    for side in (world.here, world.there):
        message = Message.objects.create(
            tenant=side.distributor, kind="mail", recipient=side.resident.email,
            payload={"subject": f"Mail of {side.distributor.name}", "text": SECRET, "html": "", "from": "x@y"},
        )  # fmt: skip
        Attempt.objects.create(message=message, error="the provider is away")
    return world


def url(action, *args):
    return reverse(f"admin:delivery_message_{action}", args=args)


def test_an_admin_reads_subject_state_and_attempts_of_the_own_distributor(client, world):
    client.force_login(world.here.admin)
    words = client.get(url("changelist")).content.decode()
    assert "Mail of Hither" in words
    assert "Thither" not in words
    mine, other = Message.objects.order_by("pk")
    assert "the provider is away" in client.get(url("change", mine.pk)).content.decode()
    assert client.get(url("change", other.pk)).status_code == 404


def test_the_text_shows_in_the_demonstration_only(client, world, settings):
    client.force_login(world.here.admin)
    message = Message.objects.earliest("pk")
    settings.DEMO = False
    assert SECRET not in client.get(url("change", message.pk)).content.decode()
    settings.DEMO = True
    assert SECRET in client.get(url("change", message.pk)).content.decode()


@pytest.mark.parametrize("role", ["staff", "auditor"])
def test_whoever_does_not_run_the_distributor_sees_no_message(client, world, role):
    client.force_login(getattr(world.here, role))
    assert client.get(url("changelist")).status_code == 403
    assert "delivery/message" not in client.get(reverse("admin:index")).content.decode()


def test_nothing_is_written_here(client, world):
    client.force_login(world.here.admin)
    message = Message.objects.earliest("pk")
    assert client.post(url("change", message.pk), {"state": "delivered"}).status_code == 403
    assert client.get(url("add")).status_code == 403
    assert client.post(url("delete", message.pk), {"post": "yes"}).status_code == 403
