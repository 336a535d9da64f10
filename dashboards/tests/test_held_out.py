"""Who is held out of an event for comparison is told nothing of it, wherever they look."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.exports import parts
from dashboards.selectors.spans import last_days
from dashboards.selectors.use import event_spans
from dashboards.tests.story import make_program
from delivery.models import Message
from events.answers import answer_url, read_answer
from events.errors import WrongState
from events.feeds import entries_for, make_feed
from events.models import Event, EventState, ParticipationState
from events.services import advance_events, end_enrollment, opt_in, publish_version, schedule_event
from events.tests.world import make_announced, make_draft, make_terms

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(here):
    """Two homes, of which every event holds one out."""
    program = make_program(here, here.home, here.neighbor_home)
    publish_version(program=program, terms=make_terms(control_share=Decimal("0.5")))
    return program


@pytest.fixture
def event(program):
    return make_announced(program)


@pytest.fixture
def held(event):
    """The participation that was drawn."""
    return event.participations.get(state=ParticipationState.HELD_OUT)


@pytest.fixture
def told(event):
    """The other one."""
    return event.participations.exclude(state=ParticipationState.HELD_OUT).get()


def person(row):
    return row.holder.as_user


def browser(row):
    client = Client()
    client.force_login(person(row))
    return client


def sees(row, address):
    """Whether a page of the participant's is there, or speaks of the event."""
    answer = browser(row).get(address)
    return answer.status_code == 200 and f"/events/{row.event_id}" in answer.content.decode()


def exported(row):
    (part,) = (part for part in parts() if part.name == "events")
    return [one["answer"] for one in part.rows(person(row))]


def test_no_list_has_the_event(held, told):
    assert list(Event.objects.visible_to(person(told))) == [told.event]
    assert not Event.objects.visible_to(person(held)).exists()


@pytest.mark.parametrize("name", ["event_detail", "event_ics", "event_live"])
def test_its_pages_are_not_there(held, told, name):
    address = reverse(name, args=[held.event_id])
    assert browser(told).get(address).status_code == 200
    assert browser(held).get(address).status_code == 404


def test_it_cannot_be_answered(held, told):
    address = reverse("event_answer", args=[held.event_id])
    assert browser(told).post(address, {"answer": "skip"}).status_code == 302
    assert browser(held).post(address, {"answer": "skip"}).status_code == 404
    with pytest.raises(WrongState):
        opt_in(participation=held)
    links = {row.pk: answer_url(participation_id=row.pk, user_id=row.holder_id, tenant_id=None) for row in (held, told)}
    asked = {pk: read_answer(link.rstrip("/").rsplit("/", 1)[1]) for pk, link in links.items()}
    assert asked[held.pk] is None
    assert asked[told.pk] is not None


def test_the_first_page_says_nothing_of_it(held, told):
    assert sees(told, reverse("home"))
    assert not sees(held, reverse("home"))


def test_the_interface_has_no_such_event(held, told):
    for row, count, status in ((told, 1, 200), (held, 0, 404)):
        assert len(browser(row).get("/api/v1/events").json()["results"]) == count
        assert browser(row).get(f"/api/v1/events/{row.event_id}").status_code == status


def test_the_calendar_stays_empty(held, told):
    assert [len(entries_for(person(row))) for row in (told, held)] == [1, 0]
    feeds = [Client().get(f"/calendar/{make_feed(user=person(row))}.ics").content.decode() for row in (told, held)]
    assert ["BEGIN:VEVENT" in feed for feed in feeds] == [True, False]


def test_no_notice_is_written(held, told):
    people = set(Message.objects.filter(kind="event-notice").values_list("recipient", flat=True))
    assert people == {person(told).email}


def test_the_chart_of_the_meter_is_without_it(held, told):
    now = timezone.now()
    span = last_days(days=7, anchor=now + timedelta(days=5), zone=held.event.program.zone)
    assert [len(event_spans(user=person(row), meter=row.meter, span=span)) for row in (told, held)] == [1, 0]


def test_a_copy_of_the_own_data_has_it_only_after_the_event(held, told):
    assert (exported(told), exported(held)) == (["notified"], [])
    advance_events(now=held.event.end)
    assert Event.objects.get().state == EventState.COMPLETED
    assert exported(held) == ["held_out"]


def test_a_copy_of_the_own_data_has_nothing_that_was_not_announced(program):
    event = schedule_event(event=make_draft(program))
    assert [exported(row) for row in event.participations.select_related("holder")] == [[], []]


def test_who_leaves_before_the_announcement_learns_nothing_by_it(program):
    event = schedule_event(event=make_draft(program))
    row = event.participations.get(state=ParticipationState.HELD_OUT)
    end_enrollment(enrollment=row.meter.enrollments.get())
    row.refresh_from_db()
    assert row.state == ParticipationState.HELD_OUT
