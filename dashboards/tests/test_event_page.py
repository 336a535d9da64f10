"""The participant's page of an event: what to do, how the own meters do, and what it came to."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboards.tests.story import add_readings, coming_event, make_program, now_slot
from events.models import Event
from events.services import cancel_event, opt_out
from meters.models import IntervalReading
from tests.builder import make_meter, map_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def rita(client, here):
    """The resident's browser."""
    client.force_login(here.resident)
    return client


def get(client, name, *args) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return response.content.decode()


def start_now(event):
    """The event, moved so that it began one interval ago."""
    start = now_slot() - timedelta(minutes=30)
    Event.objects.filter(pk=event.pk).update(
        start=start, end=start + timedelta(hours=2), modification_number=event.modification_number + 1
    )
    return event


def test_while_it_runs_the_own_use_stands_against_usual(rita, here):
    add_readings(here.home, days=14)
    event = start_now(coming_event(make_program(here, here.home)))
    IntervalReading.objects.filter(meter=here.home, start__gte=now_slot() - timedelta(minutes=30)).update(energy_wh=100)
    page = get(rita, "event_detail", event.pk)
    for text in ("Your use now", "0.20", "0.80", "0.30", "You use less than usual.", "Measured up to"):
        assert text in page, text


def test_who_skipped_sees_no_figures_and_that_it_costs_nothing(rita, here):
    add_readings(here.home, days=14)
    event = coming_event(make_program(here, here.home))
    opt_out(participation=event.participations.get())
    page = get(rita, "event_detail", start_now(event).pk)
    assert "Your use now" not in page
    assert "You skipped this event" in page
    assert "it costs you nothing" in page


def test_the_changing_parts_are_asked_for_under_a_tag(rita, here):
    event = coming_event(make_program(here, here.home))
    address = reverse("event_live", args=[event.pk])
    first = rita.get(address)
    assert 'data-part="way"' in first.content.decode()
    assert first["Content-Type"].startswith("text/html")
    assert rita.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    opt_out(participation=event.participations.get())
    assert rita.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_a_stranger_finds_neither_the_page_nor_its_parts(client, world):
    event = coming_event(make_program(world.here, world.here.home))
    client.force_login(world.there.resident)
    for name in ("event_detail", "event_live"):
        assert client.get(reverse(name, args=[event.pk])).status_code == 404


def test_a_test_is_called_one_everywhere(rita, here):
    event = coming_event(make_program(here, here.home))
    Event.objects.filter(pk=event.pk).update(is_test=True)
    for page in (get(rita, "home"), get(rita, "event_detail", event.pk)):
        assert "nly a test" in page
        assert "nothing is paid" in page


def test_a_cancelled_event_says_why(rita, here):
    event = cancel_event(event=coming_event(make_program(here, here.home)))
    Event.objects.filter(pk=event.pk).update(cancel_reason="The heat is over.")
    assert "The heat is over." in get(rita, "event_detail", event.pk)


def test_an_organization_answers_for_one_meter_or_for_all(client, here):
    second = make_meter(here.distributor, "Hither-hall")
    map_meter(second, here.organization)
    event = coming_event(make_program(here, here.school, second))
    client.force_login(here.organization_admin)
    page = get(client, "event_detail", event.pk)
    assert page.count('name="participation"') == 2
    one = event.participations.get(meter=second)
    client.post(reverse("event_answer", args=[event.pk]), {"answer": "skip", "participation": one.pk})
    states = dict(event.participations.values_list("meter", "state"))
    assert states == {second.pk: "opted_out", here.school.pk: "notified"}
    client.post(reverse("event_answer", args=[event.pk]), {"answer": "join"})
    assert set(event.participations.values_list("state", flat=True)) == {"opted_in"}


def test_nobody_answers_for_a_neighbors_meter(rita, here):
    event = coming_event(make_program(here, here.home, here.neighbor_home))
    theirs = event.participations.get(meter=here.neighbor_home)
    answer = rita.post(reverse("event_answer", args=[event.pk]), {"answer": "skip", "participation": theirs.pk})
    theirs.refresh_from_db()
    assert (answer.status_code, theirs.state) == (404, "notified")


def test_answers_close_at_the_stated_minute(rita, here):
    event = coming_event(make_program(here, here.home))
    Event.objects.filter(pk=event.pk).update(opt_until=timezone.now() - timedelta(minutes=1))
    page = get(rita, "event_detail", event.pk)
    assert 'value="skip"' not in page
    answer = rita.post(reverse("event_answer", args=[event.pk]), {"answer": "skip"}, follow=True)
    assert "The time to answer is over" in answer.content.decode()
