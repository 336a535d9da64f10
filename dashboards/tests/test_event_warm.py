"""The usual use of a large event is worked out by the clock's job, not by who opens its room first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboards.operator_facts.room import known_of
from dashboards.selectors import event_watch
from dashboards.selectors.event_warm import warm_rooms
from dashboards.selectors.event_watch import Shelf, answers_in, is_ready, watch
from dashboards.tests.operator_tools import browser
from dashboards.tests.story import add_readings, make_program, now_slot
from events.models import Event, EventState, Participation
from tests.builder import make_side
from tests.redis_server import portal_on_redis

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SECOND = timedelta(seconds=1)


@pytest.fixture
def side(tmp_path, monkeypatch):
    # Two meters are many here.
    monkeypatch.setattr(event_watch, "FEW", 1)
    with portal_on_redis(tmp_path):
        side = make_side("Hither")
        for meter in (side.home, side.school):
            add_readings(meter)
        yield side


@pytest.fixture
def event(side):
    """Announced a few seconds ago, and begins in half an hour at the earliest."""
    program = make_program(side, side.home, side.school)
    start = now_slot() + timedelta(minutes=60)
    event = Event.objects.create(
        program=program, version=program.versions.get(), start=start, end=start + timedelta(hours=1),
        state=EventState.NOTIFIED, notified_at=timezone.now(),
    )  # fmt: skip
    for meter in (side.home, side.school):
        Participation.objects.create(event=event, meter=meter)
    return Event.objects.select_related("program__distributor", "version").get(pk=event.pk)


def test_it_is_worked_out_once_after_the_notice_and_once_after_the_start(event):
    now = timezone.now()
    assert [warm_rooms(now=now), warm_rooms(now=now)] == [1, 0]
    begun = event.start + SECOND
    assert [warm_rooms(now=begun), warm_rooms(now=begun)] == [1, 0]
    assert warm_rooms(now=event.end) == 0


def test_the_room_waits_for_it_a_minute_and_then_works_it_out_itself(event):
    answers, now = answers_in(event), event.notified_at + SECOND
    assert not is_ready(event, answers, now)
    assert is_ready(event, answers, event.notified_at + timedelta(seconds=61))
    warm_rooms(now=now)
    assert is_ready(event, answers, now)


def test_what_waits_is_said_and_asked_for_again_soon(side, event):
    known = known_of(event, event.notified_at + SECOND)
    assert (known.is_ready, known.seconds) == (False, 5)
    words = browser(side.admin).get(f"/ops/events/{event.pk}").content.decode()
    assert "is being worked out" in words
    warm_rooms()
    assert known_of(event, event.notified_at + SECOND).tag != known.tag
    words = browser(side.admin).get(f"/ops/events/{event.pk}").content.decode()
    assert "is being worked out" not in words


def test_after_the_start_the_earlier_one_stands_in_until_the_job_has_run(event, monkeypatch):
    warm_rooms()
    begun, shelf = event.start + SECOND, Shelf(9)
    assert is_ready(event, answers_in(event), begun)
    monkeypatch.setattr(event_watch, "usual_of", None)  # would be called by a request that works it out
    seen = watch(event, answers_in(event), begun, shelf)
    assert seen.usual_kw()[seen.grid.event[0]] > 0


def test_the_room_shows_what_the_job_worked_out(event, monkeypatch):
    warm_rooms()
    monkeypatch.setattr(event_watch, "usual_of", None)
    seen = watch(event, answers_in(event), event.notified_at + SECOND, Shelf(9))
    assert seen.comparable.all()
