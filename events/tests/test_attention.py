"""What of events needs somebody."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.attention import needs_of
from events.errors import NeedsSecond
from events.services import (
    advance_events,
    approve_event,
    ask_to_cancel,
    change_event,
    create_event,
    enroll,
    keep_running,
    notify_event,
    schedule_event,
)
from events.tests.test_reseating import make_homes
from events.tests.world import make_announced, make_draft, make_program, next_span
from tests.builder import make_admin

pytestmark = pytest.mark.django_db


def found(user, word):
    """Those of the needs whose title has this word."""
    return [need for need in needs_of(user) if word in need.title]


def test_a_large_draft_waits_for_a_second_person_until_one_agrees(world):
    here = world.here
    program = make_program(here.distributor, second_person_kw=Decimal(50))
    start, end = next_span(3)
    event = create_event(program=program, start=start, end=end, by=here.admin)
    (need,) = found(here.admin, "second person")
    assert (need.title, need.url) == ("1 event waits for a second person", f"/ops/events/{event.pk}")
    assert not found(world.there.admin, "second person")
    create_event(program=program, start=start + timedelta(days=1), end=end + timedelta(days=1), by=here.admin)
    assert [need.url for need in found(here.admin, "second person")] == ["/ops/events?state=draft"]
    approve_event(event=event, by=make_admin(here.distributor))
    assert [need.count for need in found(here.admin, "second person")] == [1]


def test_a_draft_whose_start_passed_waits_for_nobody(here, time_machine):
    start, end = next_span(1)
    create_event(program=make_program(here.distributor, second_person_kw=Decimal(50)), start=start, end=end)
    time_machine.move_to(end)
    assert not found(here.admin, "second person")
    assert not found(here.admin, "not announced")


def test_a_new_time_that_would_ask_many_more_waits_for_a_second_person(world):
    here, other = world.here, make_admin(world.here.distributor)
    program = make_program(here.distributor, second_person_kw=Decimal(52))
    first, last = next_span(2)
    event = create_event(program=program, start=first, end=last, by=here.admin)
    event = notify_event(event=schedule_event(event=event, by=here.admin), by=here.admin)
    for meter in make_homes(here, 3):
        enroll(program=program, meter=meter)
    assert not found(other, "new time")
    later = {"start": first + timedelta(hours=1), "end": last + timedelta(hours=1)}
    with pytest.raises(NeedsSecond):
        change_event(event=event, by=here.admin, **later)
    (need,) = found(other, "new time")
    assert (need.title, need.url) == ("1 new time of an event waits for a second person", f"/ops/events/{event.pk}")
    assert not found(world.there.admin, "new time")
    change_event(event=event, by=other, **later)
    assert not found(other, "new time")


def test_an_open_request_to_call_off_a_running_event_comes_first(world):
    here = world.here
    event = make_announced(make_program(here.distributor))
    advance_events(now=event.start)
    request = ask_to_cancel(event=event, by=here.admin, reason="storm")
    first = needs_of(here.admin)[0]
    assert (first.title, first.url) == ("1 request to call off a running event", f"/ops/events/{event.pk}")
    assert not found(world.there.admin, "call off")
    keep_running(request=request, by=here.admin)
    assert not found(here.admin, "call off")


def test_what_starts_within_a_day_and_is_not_announced_is_said(here, time_machine):
    event = make_draft(make_program(here.distributor), days=3)
    assert not found(here.admin, "not announced")
    time_machine.move_to(event.start - timedelta(hours=23))
    assert [need.count for need in found(here.admin, "not announced")] == [1]
    event = schedule_event(event=event)
    assert [need.url for need in found(here.admin, "not announced")] == [f"/ops/events/{event.pk}"]
    notify_event(event=event)
    assert not found(here.admin, "not announced")
