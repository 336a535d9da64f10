"""What the database gave up in a deadlock is done again, for pages and jobs as for devices."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from common.retry import DEADLOCK
from events.models import EventState, Participation, ParticipationState
from events.services import advance_events, cancel_event, change_event, notify_event, opt_out, schedule_event, start_now
from events.signals import event_changed, opt_recorded
from events.tests.world import make_announced, make_draft, make_program
from tests.builder import make_side

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def side():
    return make_side("Hither")


@pytest.fixture
def loses_once():
    """The first transaction that says a change gives way to another one."""
    met: list[object] = []

    def lose(sender, **kwargs):
        if not met:
            met.append(sender)
            raise OperationalError(DEADLOCK, "Deadlock found when trying to get lock; try restarting transaction")

    for signal in (event_changed, opt_recorded):
        signal.connect(lose)
    yield met
    for signal in (event_changed, opt_recorded):
        signal.disconnect(lose)


DEEDS = {
    "schedule": (make_draft, lambda event: schedule_event(event=event), EventState.SCHEDULED),
    "announce": (
        lambda program: schedule_event(event=make_draft(program)),
        lambda event: notify_event(event=event),
        EventState.NOTIFIED,
    ),
    "start now": (make_draft, lambda event: start_now(event=event), EventState.NOTIFIED),
    "move": (
        make_announced,
        lambda event: change_event(event=event, start=event.start + HOUR, end=event.end + HOUR),
        EventState.NOTIFIED,
    ),
    "call off": (make_announced, lambda event: cancel_event(event=event), EventState.CANCELLED),
    "the clock": (make_announced, lambda event: advance_events(now=event.start), EventState.ACTIVE),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_that_gave_way_is_done_again(side, deed, request):
    make, do, state = DEEDS[deed]
    event = make(make_program(side.distributor))
    met = request.getfixturevalue("loses_once")
    do(event)
    event.refresh_from_db()
    assert met
    assert event.state == state


def test_an_answer_that_gave_way_is_taken(side, request):
    event = make_announced(make_program(side.distributor))
    met = request.getfixturevalue("loses_once")
    opt_out(participation=Participation.objects.get(event=event, meter=side.home), by=side.resident)
    assert met
    assert Participation.objects.get(event=event, meter=side.home).state == ParticipationState.OPTED_OUT
