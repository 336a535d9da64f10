"""An event as a participant reads and answers it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboards.tests.resident_tools import get, state_of, text_of
from dashboards.tests.story import (
    add_readings,
    coming_event,
    lower,
    make_program,
    past_event,
    settled,
)
from events.models import Event, EventState, ParticipationState
from events.services import cancel_event
from settlement.services import settle

pytestmark = pytest.mark.django_db


def test_joining_is_kept_and_said(rita, here):
    event = coming_event(make_program(here, here.home))
    response = rita.post(reverse("event_answer", args=[event.pk]), {"answer": "join"}, follow=True)
    assert "You joined." in text_of(response)
    assert state_of(event, here.home) == ParticipationState.OPTED_IN
    page = get(rita, "event_detail", event.pk)
    assert 'value="join"' not in page
    assert 'value="skip"' in page


def test_skipping_is_kept_and_may_be_taken_back(rita, here):
    event = coming_event(make_program(here, here.home))
    for answer, state in (("skip", ParticipationState.OPTED_OUT), ("join", ParticipationState.OPTED_IN)):
        rita.post(reverse("event_answer", args=[event.pk]), {"answer": answer})
        assert state_of(event, here.home) == state


def test_answer_after_the_start_is_refused_with_the_sentence(rita, here):
    event = coming_event(make_program(here, here.home))
    now = timezone.now()
    Event.objects.filter(pk=event.pk).update(
        start=now - timedelta(minutes=5), modification_number=event.modification_number + 1
    )
    response = rita.post(reverse("event_answer", args=[event.pk]), {"answer": "join"}, follow=True)
    assert "too late to join or skip" in text_of(response)
    assert state_of(event, here.home) == ParticipationState.NOTIFIED


def test_unknown_answer_is_not_found(rita, here):
    event = coming_event(make_program(here, here.home))
    assert rita.post(reverse("event_answer", args=[event.pk]), {"answer": "maybe"}).status_code == 404
    assert rita.get(reverse("event_answer", args=[event.pk])).status_code == 405


def test_running_event_says_so_and_asks_more_often(rita, here):
    add_readings(here.home)
    event = coming_event(make_program(here, here.home))
    Event.objects.filter(pk=event.pk).update(
        start=timezone.now() - timedelta(minutes=5), modification_number=event.modification_number + 1
    )
    page = get(rita, "home")
    assert "Running now" in page
    assert 'data-live-seconds="5"' in page
    assert 'value="join"' not in page


def test_cancelled_event_expects_nothing(rita, here):
    event = coming_event(make_program(here, here.home))
    cancel_event(event=event)
    assert "This event was called off." in get(rita, "event_detail", event.pk)
    assert "No event is coming" in get(rita, "home")


def test_event_page_goes_from_told_to_final(rita, here):
    add_readings(here.home, energy_wh=1000)
    event = past_event(make_program(here, here.home, kw="5"))
    assert "Readings are being checked" in get(rita, "event_detail", event.pk)
    lower(here.home, event, 500)
    settle(event=event)
    assert "Estimated" in get(rita, "event_detail", event.pk)
    settled(event)
    event.refresh_from_db()
    assert event.state == EventState.SETTLED
    assert "Settled" in get(rita, "event_detail", event.pk)


@pytest.mark.parametrize("who", ["neighbor", "organization_admin", "member"])
def test_stranger_to_an_event_does_not_find_it(client, here, who):
    event = coming_event(make_program(here, here.home))
    client.force_login(getattr(here, who))
    assert client.get(reverse("event_detail", args=[event.pk])).status_code == 404
    assert client.post(reverse("event_answer", args=[event.pk]), {"answer": "join"}).status_code == 404


def test_members_see_an_event_and_only_admins_answer(client, here):
    event = coming_event(make_program(here, here.school))
    client.force_login(here.member)
    assert 'value="join"' not in get(client, "event_detail", event.pk)
    assert client.post(reverse("event_answer", args=[event.pk]), {"answer": "join"}).status_code == 403
    client.force_login(here.organization_admin)
    assert 'value="join"' in get(client, "event_detail", event.pk)
    client.post(reverse("event_answer", args=[event.pk]), {"answer": "join"})
    assert state_of(event, here.school) == ParticipationState.OPTED_IN


def test_staff_is_led_to_the_operators_page_of_an_event(client, here):
    event = coming_event(make_program(here, here.home))
    client.force_login(here.staff)
    response = client.get(reverse("event_detail", args=[event.pk]))
    assert response["Location"] == reverse("operator_event", args=[event.pk])


def test_event_before_its_notice_is_not_found(rita, here):
    event = coming_event(make_program(here, here.home))
    Event.objects.filter(pk=event.pk).update(notified_at=None)
    assert rita.get(reverse("event_detail", args=[event.pk])).status_code == 404


def test_event_page_leads_to_calendar_and_standing_wishes(rita, here):
    event = coming_event(make_program(here, here.home))
    page = get(rita, "event_detail", event.pk)
    for name, args in (("event_ics", [event.pk]), ("account_calendar", []), ("opt_schedules", [])):
        assert reverse(name, args=args) in page


def test_answers_end_at_the_stated_minute_everywhere(rita, here):
    event = coming_event(make_program(here, here.home))
    Event.objects.filter(pk=event.pk).update(opt_until=timezone.now() - timedelta(minutes=1))
    for name, args in (("home", []), ("event_detail", [event.pk])):
        assert 'value="skip"' not in get(rita, name, *args)
    response = rita.post(reverse("event_answer", args=[event.pk]), {"answer": "skip"}, follow=True)
    assert "The time to answer is over" in text_of(response)
