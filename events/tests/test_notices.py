"""What people read."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone, translation

from delivery.models import DeliveryState, Message
from delivery.services import drain
from delivery.sms.text import fit, parts
from events.notices import Notice, render_notice, write_notice
from events.services import cancel_event, create_event, notify_event, schedule_event
from events.tests.world import make_announced, make_program
from tests.builder import make_world

HOUR = timedelta(hours=1)
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


FULL = PAYLOAD | {
    "event": 7,
    "user": 3,
    "parts": [11],
    "wishes": [],
    "until": "2026-07-22T19:30:00+00:00",
    "silence": "opt_out",
    "is_test": False,
    "note": "It is hot.",
    "reason": "",
}


def test_a_notice_says_until_when_and_holds_the_link_for_two_taps():
    text = render_notice(FULL)[1]
    assert "until 3:30 pm" in text
    assert "Skipping in time never costs." in text
    assert "/answer/11.3:" in text
    assert "It is hot." in text


def test_a_test_says_so_first():
    subject, text = render_notice(FULL | {"is_test": True})
    assert subject.startswith("Only a test: ")
    assert text.index("only a test") < text.index("Load response")
    assert "rewarded" not in text
    assert write_notice(FULL | {"is_test": True}).sms.startswith("Only a test")


def test_who_skips_by_a_standing_wish_reads_that_they_may_join():
    assert (
        "Skipped by your standing wish: M001. You may join all the same."
        in render_notice(FULL | {"wishes": ["M001"]})[1]
    )


def test_who_may_not_answer_gets_no_link():
    text = render_notice(FULL | {"parts": []})[1]
    assert "/answer/" not in text
    assert "admins answer" in text


@pytest.mark.parametrize("notice", list(Notice))
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_notice_fits_a_text_of_two_parts_with_its_link(notice, language):
    many = FULL | {"notice": notice.value, "program": "A program with quite a long name " * 2, "is_test": True}
    with translation.override(language):
        letter = write_notice(many)
    text = fit(letter.sms, letter.sms_link)
    assert parts(text) <= 2
    assert text.endswith(letter.sms_link)


def test_many_meters_are_answered_on_the_events_page():
    labels = [f"M{number:03}" for number in range(6)]
    text = render_notice(FULL | {"meters": labels, "parts": list(range(6))})[1]
    assert "/events/7" in text
    assert "/answer/" not in text


@pytest.mark.django_db
def test_quiet_hours_never_outlast_the_time_to_answer():
    side, now = make_world().here, timezone.now()
    local = timezone.localtime(now, side.distributor.zone)
    quiet = {"quiet_from": (local - HOUR).time(), "quiet_until": (local + 2 * HOUR).time()}
    type(side.resident).objects.filter(pk=side.resident.pk).update(**quiet)
    # Answers close within the hour; the quiet ends after that, but before the event.
    start = now.replace(minute=0, second=0, microsecond=0) + 4 * HOUR
    program = make_program(side.distributor, opt_out_minutes=180)
    event = create_event(program=program, start=start, end=start + HOUR)
    notify_event(event=schedule_event(event=event))
    message = Message.objects.get(user=side.resident, kind="event-notice")
    assert message.next_attempt_at <= timezone.now()
