"""A prepared event that begins at once."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from delivery.models import Message
from events.errors import LimitReached, MetersTaken, NeedsSecond, NobodyEnrolled, TooLittleNotice, WrongState
from events.models import Event, EventState, Participation, ParticipationState
from events.services import (
    approve_event,
    cancel_event,
    create_event,
    create_program,
    opt_out,
    schedule_event,
    start_now,
)
from events.tests.world import make_announced, make_draft, make_program, make_terms, next_span

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 22, 18, 41, 12, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch):
    """Sets the clock."""

    def put(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    put(NOW)
    return put


def test_it_begins_with_the_next_full_interval_as_long_as_planned_and_everybody_is_told(here, at):
    draft = make_draft(make_program(here.distributor))
    length = draft.end - draft.start
    event = start_now(event=draft, by=here.admin)
    assert event.start == NOW.replace(hour=19, minute=0, second=0)
    assert event.end - event.start == length
    assert (event.state, event.notified_at) == (EventState.NOTIFIED, NOW)
    assert set(Participation.objects.values_list("state", flat=True)) == {ParticipationState.NOTIFIED}
    assert Message.objects.filter(kind="event-notice", recipient=here.resident.email).exists()


def test_a_scheduled_event_starts_too_and_keeps_whom_it_asks(here, at):
    event = schedule_event(event=make_draft(make_program(here.distributor)))
    seats = set(Participation.objects.values_list("pk", flat=True))
    assert start_now(event=event).state == EventState.NOTIFIED
    assert set(Participation.objects.values_list("pk", flat=True)) == seats


@pytest.mark.parametrize(
    ("second", "begins"), [(0, (18, 42)), (39, (18, 42)), (40, (18, 42)), (41, (18, 43)), (59, (18, 43))]
)
def test_short_intervals_leave_some_seconds_for_devices_to_hear_of_it(here, at, second, begins):
    here.distributor.meters.update(interval_minutes=1)
    draft = make_draft(make_program(here.distributor))
    at(NOW.replace(second=second))
    start = start_now(event=draft).start
    assert (start.hour, start.minute) == begins


def test_meters_of_several_lengths_begin_together(here, at):
    here.distributor.meters.filter(pk=here.home.pk).update(interval_minutes=60)
    draft = make_draft(make_program(here.distributor))
    at(NOW.replace(minute=5))
    assert start_now(event=draft).start == NOW.replace(hour=19, minute=0, second=0)


def test_people_may_still_skip_until_it_begins(here, at):
    event = start_now(event=make_draft(make_program(here.distributor)))
    assert opt_out(participation=event.participations.get(meter=here.home)).state == ParticipationState.OPTED_OUT


def refused(event, error):
    before = Event.objects.values().get(pk=event.pk)
    messages = Message.objects.count()
    with pytest.raises(error):
        start_now(event=event)
    assert Event.objects.values().get(pk=event.pk) == before
    assert Message.objects.count() == messages


def test_what_was_announced_or_called_off_does_not_start_again(here, at):
    program = make_program(here.distributor)
    refused(make_announced(program), WrongState)
    refused(cancel_event(event=make_draft(program, 3)), WrongState)


def test_terms_that_promise_notice_are_kept(here, at):
    refused(make_draft(make_program(here.distributor, notice_minutes=120)), TooLittleNotice)


def test_terms_that_allow_certain_hours_are_kept(here, at):
    program = make_program(here.distributor, max_events_per_week=1)
    start, end = next_span(1)
    schedule_event(event=create_event(program=program, start=start, end=end))
    refused(make_draft(program, 20), LimitReached)


def test_an_event_so_large_that_a_second_person_must_agree_is_not_started_by_one(here, at):
    draft = make_draft(make_program(here.distributor, second_person_kw=Decimal("0.1")))
    refused(draft, NeedsSecond)
    refused(approve_event(event=draft, by=here.admin), NeedsSecond)


def test_one_that_was_agreed_and_scheduled_asks_nobody_more_and_starts(here, at):
    draft = make_draft(make_program(here.distributor, second_person_kw=Decimal("0.1")))
    event = schedule_event(event=approve_event(event=draft, by=here.admin))
    assert start_now(event=event, by=here.admin).state == EventState.NOTIFIED


def test_meters_that_are_asked_elsewhere_then_are_not_asked_twice(here, at):
    program, other = make_program(here.distributor), make_program(here.distributor, "Other")
    start_now(event=make_draft(program))
    refused(make_draft(other), MetersTaken)


def test_nobody_enrolled_is_nothing_to_start(here, at):
    program = create_program(distributor=here.distributor, name="Empty", terms=make_terms())[0].program
    refused(make_draft(program), NobodyEnrolled)
