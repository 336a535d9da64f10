"""Events close by themselves: when, what holds them, and what a closed one refuses."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from events.errors import WrongState
from events.models import Event, EventState
from events.services import close_event
from settlement.errors import TooLate
from settlement.models import DisputeCategory
from settlement.services import (
    approve_run,
    ask_adjustment,
    closing,
    open_dispute,
    post_run,
    refuse_adjustment,
    refuse_run,
    reopen_run,
    resolve_against,
    settle,
)
from settlement.services.closing import close_events
from settlement.tests.world import EVENT_DAY, make_case, put
from tests.builder import make_admin

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def case():
    """A settled event, its run, and the world."""
    world, _, event = make_case(dispute_days=30)
    run = settle(event=event)
    post_run(run=run)
    return world, event, run


def after(days):
    return timezone.now() + days * DAY


def state_of(event):
    return Event.objects.get(pk=event.pk).state


def test_an_event_closes_on_the_day_after_the_last_day_to_object(case):
    event = case[1]
    assert close_events(now=after(29)) == []
    assert [row.pk for row in close_events(now=after(32))] == [event.pk]
    event.refresh_from_db()
    assert (event.state, event.closed_at is not None) == (EventState.CLOSED, True)
    assert close_events(now=after(40)) == []


def test_a_closed_event_is_neither_settled_nor_opened_again(case):
    world, event, run = case
    close_events(now=after(32))
    put(world.here.school, EVENT_DAY, 10_000)
    with pytest.raises(WrongState):
        settle(event=Event.objects.get(pk=event.pk), by=world.here.admin)
    with pytest.raises(WrongState):
        reopen_run(run=run, by=world.here.admin, reason="A meter was swapped")
    with pytest.raises(WrongState):
        close_event(event=event)


def test_a_dispute_holds_the_event_until_it_is_decided(case, time_machine):
    world, _, run = case
    line = run.lines.get(meter=world.here.home)
    dispute = open_dispute(line=line, category=DisputeCategory.READING, by=world.here.resident)
    assert close_events(now=after(32)) == []
    resolve_against(dispute=dispute, by=world.here.admin, outcome="The reading is right")
    assert len(close_events(now=after(32))) == 1
    time_machine.move_to(after(32))
    with pytest.raises(TooLate):
        open_dispute(line=run.lines.get(meter=world.here.school), category=DisputeCategory.READING, by=world.here.admin)


def test_an_adjustment_that_waits_holds_the_event(case):
    world, _, run = case
    asked = ask_adjustment(
        distributor=world.here.distributor,
        holder=world.here.resident,
        amount=Decimal(1),
        reason="goodwill",
        by=world.here.admin,
        line=run.lines.get(meter=world.here.home),
    )
    assert close_events(now=after(32)) == []
    refuse_adjustment(adjustment=asked, by=make_admin(world.here.distributor), reason="No")
    assert len(close_events(now=after(32))) == 1


def test_a_correction_holds_the_event_until_it_is_posted_or_refused(case):
    world, event, run = case
    second = make_admin(world.here.distributor)
    reopen_run(run=run, by=world.here.admin, reason="A meter was swapped")
    assert close_events(now=after(32)) == []
    put(world.here.school, EVENT_DAY, 30_000)
    newer = settle(event=event, by=world.here.admin)
    assert close_events(now=after(32)) == []
    refuse_run(run=newer, by=second, reason="The old meter was right")
    assert len(close_events(now=after(32))) == 1
    assert state_of(event) == EventState.CLOSED


def test_a_correction_that_was_posted_begins_the_days_anew(case, time_machine):
    world, event, run = case
    time_machine.move_to(after(20))
    reopen_run(run=run, by=world.here.admin, reason="A meter was swapped")
    put(world.here.school, EVENT_DAY, 30_000)
    newer = settle(event=event, by=world.here.admin)
    approve_run(run=newer, by=make_admin(world.here.distributor))
    post_run(run=newer, by=world.here.admin)
    assert close_events(now=after(12)) == []
    assert len(close_events(now=after(32))) == 1


def test_an_event_that_is_not_settled_stays_open():
    _, _, event = make_case(dispute_days=30)
    settle(event=event)
    assert close_events(now=after(400)) == []
    with pytest.raises(WrongState):
        close_event(event=event)


def test_a_test_closes_after_as_many_days_from_its_end():
    _, _, event = make_case(dispute_days=30)
    Event.objects.filter(pk=event.pk).update(is_test=True)
    assert close_events(now=event.end + 30 * DAY) == []
    assert [row.pk for row in close_events(now=event.end + 31 * DAY)] == [event.pk]
    assert state_of(event) == EventState.CLOSED


def test_a_posting_that_came_between_keeps_the_event_open(case, monkeypatch, time_machine):
    world, event, run = case
    later = after(40)
    time_machine.move_to(later)
    found = list(closing.due_events(later))
    reopen_run(run=run, by=world.here.admin, reason="a meter was swapped")
    put(world.here.school, EVENT_DAY, 50_000)
    newer = settle(event=event, by=world.here.admin)
    approve_run(run=newer, by=make_admin(world.here.distributor))
    post_run(run=newer, by=world.here.admin)
    real = closing.due_events
    monkeypatch.setattr(closing, "due_events", lambda now, **only: real(now, **only) if only else iter(found))
    assert found == [event]
    assert closing.close_events(now=later) == []
