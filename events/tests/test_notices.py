"""What people read."""

import pytest
from django.core import mail

from delivery.models import DeliveryState, Message
from delivery.services import drain
from events.notices import render_notice
from events.services import cancel_event
from events.tests.world import make_announced, make_program
from tests.builder import make_world

PAYLOAD = {
    "notice": "announced",
    "tenant": None,
    "program": "Load response",
    "start": "2026-07-22T20:00:00+00:00",
    "end": "2026-07-22T22:00:00+00:00",
    "zone": "America/New_York",
    "name": "Rita",
    "meters": ["M001"],
}


def test_an_announcement_says_when_in_local_time_and_how_to_answer():
    subject, text = render_notice(PAYLOAD)
    assert subject == "Please use less power on Wednesday 22 July 2026, 4 to 6 pm EDT"
    assert "Hello Rita," in text
    assert "4 to 6 pm EDT" in text
    assert "M001" in text
    assert "join or skip" in text


def test_an_event_over_midnight_says_when_it_ends():
    subject, _ = render_notice(PAYLOAD | {"end": "2026-07-23T05:00:00+00:00"})
    assert subject.endswith("Wednesday 22 July 2026, 4 pm to 1 am EDT")


def test_a_cancellation_asks_for_nothing():
    subject, text = render_notice(PAYLOAD | {"notice": "cancelled"})
    assert subject.startswith("Called off")
    assert "join or skip" not in text


@pytest.mark.django_db
def test_notices_go_through_the_outbox_to_mails(settings):
    settings.DELIVERY_EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_BACKEND = "delivery.mail.OutboxEmailBackend"
    world = make_world()
    event = make_announced(make_program(world.here.distributor))
    cancel_event(event=event)
    while drain():
        pass
    subjects = [message.subject for message in mail.outbox if message.to == [world.here.resident.email]]
    assert [subject.split(" ")[0] for subject in subjects] == ["Please", "Called"]
    assert set(Message.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}
