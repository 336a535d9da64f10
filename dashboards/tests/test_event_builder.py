"""The page that builds an event, its preview, and the pages that change it and call it off."""

from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dashboards.tests.operator_tools import browser
from events.models import CancelRequest, Event, EventState, LeftOutReason
from events.services import advance_events, create_event, publish_version
from events.tests.world import make_announced, make_program, make_terms, next_span
from meters.models import Prediction
from tests.builder import make_admin

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(here):
    return make_program(here.distributor)


def filled(program, **fields):
    day = (timezone.localtime(timezone=program.zone) + timedelta(days=3)).date().isoformat()
    return {"program": program.pk, "day": day, "at": "17:00", "minutes": "60"} | fields


def preview(here, program, **fields):
    return browser(here.admin).get("/ops/events/preview", filled(program, **fields)).content.decode()


def build(user, program, then, **fields):
    return browser(user).post("/ops/events/new", filled(program, then=then, **fields), follow=True).content.decode()


def test_the_page_begins_with_a_time_that_the_terms_allow(here, program):
    publish_version(program=program, terms=make_terms(hours_from=time(14), hours_to=time(16, 30), min_minutes=60))
    page = browser(here.admin).get("/ops/events/new").content.decode()
    assert 'value="15:30"' in page


def test_the_preview_says_who_what_and_what_it_costs(here, program):
    page = preview(here, program)
    assert "2 meters would take part, 1 household among them; 51 kW are expected" in page
    assert "$142.80" in page
    assert "The terms allow this event." in page


def test_the_preview_says_what_the_terms_refuse_and_a_draft_may_be_kept_all_the_same(here, program):
    publish_version(program=program, terms=make_terms(max_minutes=30))
    assert "lasts at most 30 minutes" in preview(here, program)
    assert "lasts at most 30 minutes" in build(here.admin, program, "announce")
    assert not Event.objects.exists()
    assert "The draft is saved" in build(here.admin, program, "draft")


def test_a_circle_asks_only_the_meters_in_it(here, program):
    type(here.home).objects.filter(pk=here.home.pk).update(latitude="40.5", longitude="-73.5")
    fields = {"area": "circle", "latitude": "40.5", "longitude": "-73.5", "radius_m": "500", "area_name": "Hill"}
    page = preview(here, program, **fields)
    assert "1 meter would take part" in page
    assert "1 enrolled meter has no coordinates" in page
    assert "data-map" in page
    build(here.admin, program, "draft", **fields)
    event = Event.objects.get()
    again = browser(here.admin).get(f"/ops/events/{event.pk}/edit").content.decode()
    assert 'value="Hill"' in again
    assert "Write the middle" in preview(here, program, area="circle")
    assert "Write coordinates as numbers" in preview(here, program, area="polygon", corners="a, b")


def test_meters_are_asked_by_their_numbers_and_a_wrong_one_is_named(here, program):
    assert "1 meter would take part" in preview(here, program, meters=f"{here.school.number}\n")
    assert "There is no meter “X-1”" in preview(here, program, meters="X-1")


def test_scheduling_and_announcing_is_one_step(here, program):
    assert "Announced." in build(here.admin, program, "announce", note="Hot evening")
    event = Event.objects.get()
    assert (event.state, event.note) == (EventState.NOTIFIED, "Hot evening")


def test_a_large_event_is_kept_for_a_second_person_who_agrees(here, program):
    publish_version(program=program, terms=make_terms(second_person_kw=Decimal(50)))
    assert "needs a second person" in build(here.admin, program, "announce")
    event = Event.objects.get()
    assert (event.state, event.needs_second) == (EventState.DRAFT, True)
    browser(here.admin).post(f"/ops/events/{event.pk}/agree")
    browser(make_admin(here.distributor)).post(f"/ops/events/{event.pk}/agree")
    event.refresh_from_db()
    assert event.approved_by not in (None, here.admin)


def test_a_meter_is_left_out_with_a_reason_and_taken_back(here, program):
    start, end = next_span(2)
    event = create_event(program=program, start=start, end=end, by=here.admin)
    url = f"/ops/events/{event.pk}/left-out"
    page = browser(here.admin).post(url, {"meter": here.home.number, "note": "ill"}, follow=True).content.decode()
    assert "is left out" in page
    assert event.left_out.get().reason == LeftOutReason.OPERATOR
    browser(here.admin).post(url, {"meter": here.home.number, "action": "back"})
    assert not event.left_out.exists()


def test_a_new_time_is_told_again(here, program):
    event = make_announced(program)
    later = (event.start + timedelta(days=1)).astimezone(program.zone)
    times = {"start": f"{later:%Y-%m-%dT%H:%M}", "end": f"{later + timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    page = browser(here.admin).post(f"/ops/events/{event.pk}/change", times, follow=True).content.decode()
    assert "told again" in page
    event.refresh_from_db()
    assert event.start == later


def test_a_running_event_is_called_off_by_two(here, program):
    event = make_announced(program)
    advance_events(now=event.start)
    url, second = f"/ops/events/{event.pk}/cancel", make_admin(here.distributor)
    assert "Give a reason" in browser(here.admin).post(url, {"action": "ask"}).content.decode()
    browser(here.admin).post(url, {"action": "ask", "reason": "storm"})
    assert "Another admin must agree" in browser(here.admin).get(url).content.decode()
    assert "storm" in browser(second).get(url).content.decode()
    browser(second).post(url, {"action": "agree"})
    event.refresh_from_db()
    assert (event.state, event.cancel_reason) == (EventState.CANCELLED, "storm")
    assert CancelRequest.objects.get().answered_by == second


@pytest.mark.parametrize("path", ["edit", "change", "cancel"])
def test_staff_reads_and_strangers_find_nothing(world, path):
    start, end = next_span(2)
    event = create_event(program=make_program(world.here.distributor), start=start, end=end)
    url = f"/ops/events/{event.pk}/{path}"
    assert browser(world.here.staff).get(url).status_code == 403
    assert browser(world.there.admin).get(url).status_code == 404


def test_operators_are_told_where_predictions_do_not_reach_the_event(here):
    program = make_program(here.distributor, preset="forecast")
    words = "For 2 meters nothing is predicted for all of these hours yet"
    assert words in preview(here, program)
    day = timezone.localtime(timezone=program.zone) + timedelta(days=3)
    start = day.replace(hour=17, minute=0, second=0, microsecond=0)
    for meter in (here.home, here.school):
        Prediction.objects.bulk_create(
            Prediction(
                meter=meter, start=start + number * timedelta(minutes=30), wh=1000, lower_wh=0, upper_wh=9000,
                issued_at=timezone.now(), forecast_number=1,
            )
            for number in range(2)
        )  # fmt: skip
    assert "nothing is predicted" not in preview(here, program)
    assert "nothing is predicted" in preview(here, program, minutes="90")
    assert "no prediction of all these hours" not in build(here.admin, program, "announce")
    event, later = Event.objects.get(), start + timedelta(hours=1)
    moved = {"start": f"{later:%Y-%m-%dT%H:%M}", "end": f"{later + timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    page = browser(here.admin).post(f"/ops/events/{event.pk}/change", moved, follow=True).content.decode()
    assert "For 2 meters no prediction of all these hours was made before people were told" in page
