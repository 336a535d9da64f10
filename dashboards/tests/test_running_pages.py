"""A running event on its pages: ended now or called off by the operator, made longer as its participants see it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from dashboards.tests.operator_tools import browser
from events.answers import answer_url
from events.models import EventState
from events.services import advance_events, change_event, create_event, notify_event, schedule_event
from events.tests.world import make_program, next_span

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HOUR = timedelta(hours=1)


@pytest.fixture
def event(here, time_machine):
    """An event of four hours that has run for one and a half."""
    start, end = next_span(hours=4)
    program = make_program(here.distributor)
    event = notify_event(event=schedule_event(event=create_event(program=program, start=start, end=end)))
    time_machine.move_to(start + 1.5 * HOUR, tick=False)
    advance_events()
    event.refresh_from_db()
    return event


@pytest.fixture
def longer(event):
    """The same, made an hour longer."""
    change_event(event=event, start=event.start, end=event.end + HOUR)
    event.refresh_from_db()
    return event


def link_of(event, here):
    url = answer_url(
        participation_id=event.participations.get(meter=here.home).pk,
        user_id=here.resident.pk,
        tenant_id=here.distributor.pk,
    )
    return "/" + url.split("/", 3)[3]


def until(event, here):
    return event.participations.get(meter=here.home).until


class TestTheOperator:
    def test_is_offered_to_end_it_before_calling_it_off_and_told_what_each_pays(self, here, event):
        page = browser(here.admin).get(f"/ops/events/{event.pk}/cancel").content.decode()
        assert page.index("End it now") < page.index("Or call it off")
        assert "measured and paid" in page
        assert "Calling it off pays nothing" in page
        assert "End it now or call it off" in browser(here.admin).get(f"/ops/events/{event.pk}").content.decode()

    def test_ends_it_with_one_click_and_alone(self, here, event):
        answer = browser(here.admin).post(f"/ops/events/{event.pk}/cancel", {"action": "end"}, follow=True)
        assert "told of the new end" in answer.content.decode()
        event.refresh_from_db()
        assert (event.state, event.end) == (EventState.ACTIVE, event.start + 1.5 * HOUR)

    def test_reads_why_it_cannot_be_ended(self, here, event, time_machine):
        time_machine.move_to(event.start + timedelta(minutes=5), tick=False)
        answer = browser(here.admin).post(f"/ops/events/{event.pk}/cancel", {"action": "end"})
        assert "nothing was measured yet" in answer.content.decode()

    def test_is_offered_no_end_of_what_has_not_begun(self, here):
        start, end = next_span(days=5)
        coming = create_event(program=make_program(here.distributor, "Other"), start=start, end=end)
        assert "End it now" not in browser(here.admin).get(f"/ops/events/{coming.pk}/cancel").content.decode()

    def test_only_who_manages_it_ends_it(self, world, event):
        for user, status in ((world.here.staff, 403), (world.here.resident, 403), (world.there.admin, 404)):
            assert browser(user).post(f"/ops/events/{event.pk}/cancel", {"action": "end"}).status_code == status
        event.refresh_from_db()
        assert event.end == event.start + 4 * HOUR


class TestTheParticipant:
    def test_stops_and_goes_on_by_the_link_of_the_notice(self, here, longer):
        path = link_of(longer, here)
        assert "goes on until" in Client().get(path).content.decode()
        assert Client().post(path, {"answer": "stop"}).status_code == 302
        assert until(longer, here) == longer.told_end
        assert "For you it ends at" in Client().get(path).content.decode()
        Client().post(path, {"answer": "go-on"})
        assert until(longer, here) is None

    def test_stops_on_the_page_of_the_event(self, here, longer):
        rita = browser(here.resident)
        page = rita.get(reverse("event_detail", args=[longer.pk])).content.decode()
        assert "csrfmiddlewaretoken" in page.split("longer-title")[-1]
        answer = rita.post(reverse("event_answer", args=[longer.pk]), {"answer": "stop"}, follow=True)
        assert "You stop at the end that you were told" in answer.content.decode()
        assert until(longer, here) == longer.told_end

    def test_is_asked_for_nothing_more_once_stopped(self, here, longer, time_machine):
        Client().post(link_of(longer, here), {"answer": "stop"})
        time_machine.move_to(longer.told_end + timedelta(minutes=20), tick=False)
        rita = browser(here.resident)
        for page in (rita.get("/home", follow=True), rita.get(reverse("event_detail", args=[longer.pk]))):
            text = page.content.decode()
            assert "longer-title" not in text
            assert "Use as little as is comfortable" not in text
        late = Client().post(link_of(longer, here), {"answer": "go-on"})
        assert "The time to say so is over" in late.content.decode()

    def test_hears_nothing_of_it_while_the_event_is_as_it_was(self, here, event):
        assert "longer-title" not in Client().get(link_of(event, here)).content.decode()
        refused = Client().post(link_of(event, here), {"answer": "stop"})
        assert "was not made longer" in refused.content.decode()
        assert Client().post(link_of(event, here), {"answer": "nonsense"}).status_code == 404
