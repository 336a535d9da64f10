"""The life of an event: each service, what it writes, and what it refuses."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from common.intervals import NaiveTime
from delivery.models import Message
from events import tasks
from events.errors import (
    AlreadyAnnounced,
    BadSpan,
    EventExists,
    NobodyEnrolled,
    NoTerms,
    NotOnIntervals,
    NotOverYet,
    TooLate,
    WrongState,
)
from events.models import Event, EventState, LeftOutReason, Participation, ParticipationState, Program
from events.services import (
    advance_events,
    cancel_event,
    change_event,
    create_event,
    delete_event,
    enroll_all,
    find_or_record_event,
    mark_measured,
    mark_settled,
    notify_event,
    opt_in,
    opt_out,
    record_completed_event,
    record_opt,
    schedule_event,
)
from events.signals import event_changed, opt_recorded
from events.tests.world import PAST, make_announced, make_draft, make_program, next_span
from meters.models import Exclusion, Meter
from tests.builder import make_distributor, make_meter, map_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(world):
    return make_program(world.here.distributor)


def heard(signal, act):
    """What the signal's receivers were given while `act` ran."""
    got = []

    def listen(**kwargs):
        got.append(kwargs)

    signal.connect(listen)
    try:
        act()
    finally:
        signal.disconnect(listen)
    return got


def test_a_draft_keeps_the_terms_of_its_day_and_tells_nobody(program):
    event = make_draft(program)
    assert (event.state, event.modification_number, event.version) == (EventState.DRAFT, 0, program.current)
    assert not Participation.objects.exists()
    assert not Message.objects.exists()


def test_an_event_needs_a_span_that_can_be_one(program):
    start, end = next_span()
    for bad in ((end, start), (start, start), (start, start + timedelta(hours=25)), PAST):
        with pytest.raises(BadSpan):
            create_event(program=program, start=bad[0], end=bad[1])
    with pytest.raises(NotOnIntervals, match="30-minute"):
        create_event(program=program, start=start + timedelta(minutes=10), end=end)
    with pytest.raises(NaiveTime):
        create_event(program=program, start=start.replace(tzinfo=None), end=end)
    create_event(program=program, start=start, end=end)
    with pytest.raises(EventExists):
        create_event(program=program, start=start, end=end)


def test_a_program_without_terms_makes_no_event(world):
    program = Program.objects.create(distributor=world.here.distributor, name="Empty")
    with pytest.raises(NoTerms):
        make_draft(program)


def test_scheduling_fixes_participants_with_their_holders_and_excludes_the_time(world, program):
    event = schedule_event(event=make_draft(program))
    here = world.here
    holders = dict(event.participations.values_list("meter__number", "holder_id"))
    assert holders == {here.home.number: here.resident.pk, here.school.number: here.organization.pk}
    spans = Exclusion.objects.values_list("kind", "start", "end", "source")
    assert set(spans) == {("event", event.start, event.end, f"event {event.pk}")}
    assert Exclusion.objects.count() == 2
    assert not Event.objects.visible_to(here.resident).exists()


def test_an_event_without_meters_is_not_scheduled(world):
    program = make_program(make_distributor())
    with pytest.raises(NobodyEnrolled):
        schedule_event(event=make_draft(program))
    assert Event.objects.get().state == EventState.DRAFT


def test_a_meter_that_nobody_has_at_the_start_is_left_out(world, program):
    event = make_draft(program)
    moved = world.here.home.maps.get(holder_kind="user")
    moved.valid_to = event.start - timedelta(hours=1)
    moved.save()
    schedule_event(event=event)
    assert not event.participations.filter(meter=world.here.home).exists()
    assert event.left_out.get(meter=world.here.home).reason == LeftOutReason.NO_HOLDER


def test_announcing_tells_everybody_behind_a_meter_once(world, program):
    event = make_announced(program)
    here = world.here
    told = set(Message.objects.filter(kind="event-notice").values_list("recipient", flat=True))
    assert told == {here.resident.email, here.organization_admin.email, here.member.email}
    assert set(event.participations.values_list("state", flat=True)) == {ParticipationState.NOTIFIED}
    assert event.notified_at is not None
    assert event.modification_number == 2
    assert list(Event.objects.visible_to(here.resident)) == [event]
    assert not Event.objects.visible_to(here.neighbor).exists()
    assert not Event.objects.visible_to(world.there.admin).exists()


def test_it_is_too_late_to_announce_an_event_that_runs(program, time_machine):
    event = schedule_event(event=make_draft(program))
    time_machine.move_to(event.start)
    with pytest.raises(BadSpan, match="too late"):
        notify_event(event=event)


def test_services_refuse_events_in_the_wrong_state(program):
    draft = make_draft(program)
    with pytest.raises(WrongState, match="draft"):
        notify_event(event=draft)
    announced = make_announced(program, days=3)
    with pytest.raises(WrongState, match="announced"):
        schedule_event(event=announced)
    cancelled = cancel_event(event=make_draft(program, days=4))
    for service in (schedule_event, notify_event, cancel_event):
        with pytest.raises(WrongState, match="cancelled"):
            service(event=cancelled)


def test_the_clock_moves_events_on_once(program):
    event = make_announced(program)
    joined = event.participations.order_by("pk").first()
    opt_in(participation=joined)
    assert advance_events(now=event.start - timedelta(seconds=1)) == 0
    assert advance_events(now=event.start) == 1
    assert advance_events(now=event.start) == 0
    event.refresh_from_db()
    assert (event.state, event.modification_number) == (EventState.ACTIVE, 3)
    states = sorted(event.participations.values_list("state", flat=True))
    assert states == [ParticipationState.NO_RESPONSE, ParticipationState.OPTED_IN]
    assert advance_events(now=event.end) == 1
    event.refresh_from_db()
    assert event.state == EventState.COMPLETED


def test_a_clock_that_stood_still_catches_up(program, time_machine):
    event = make_announced(program)
    time_machine.move_to(event.end + timedelta(hours=5))
    tasks.advance_events()
    event.refresh_from_db()
    assert (event.state, event.modification_number) == (EventState.COMPLETED, 4)


def test_an_event_nobody_was_told_of_does_not_start(program):
    event = schedule_event(event=make_draft(program))
    assert advance_events(now=event.end) == 0


def test_moving_an_event_moves_its_exclusions_and_tells_again(world, program):
    event = make_announced(program)
    opt_out(participation=event.participations.get(meter=world.here.home))
    start, end = next_span(5)
    moved = change_event(event=event, start=start, end=end)
    assert (moved.start, moved.state, moved.modification_number) == (start, EventState.NOTIFIED, 3)
    assert set(Exclusion.objects.values_list("start", flat=True)) == {start}
    assert Message.objects.filter(kind="event-notice").count() == 6
    assert event.participations.get(meter=world.here.home).state == ParticipationState.OPTED_OUT
    again = change_event(event=moved, start=start, end=end)
    assert again.modification_number == 3


def test_a_meter_that_joined_in_between_is_invited_when_the_event_moves(world, program):
    event = make_announced(program)
    Meter.objects.filter(pk=world.here.neighbor_home.pk).update(contracted_kw=Decimal(1))
    enroll_all(program=program)
    start, end = next_span(5)
    change_event(event=event, start=start, end=end)
    assert event.participations.get(meter=world.here.neighbor_home).state == ParticipationState.NOTIFIED


def test_an_event_cannot_be_moved_onto_another_or_once_it_runs(program):
    other, event = make_draft(program, days=3), make_announced(program)
    with pytest.raises(EventExists):
        change_event(event=event, start=other.start, end=other.end)
    advance_events(now=event.start)
    with pytest.raises(BadSpan, match="only its end"):
        change_event(event=event, start=event.start + timedelta(hours=1), end=event.end + timedelta(hours=1))


def test_cancelling_frees_the_time_and_tells_who_was_told(program):
    quiet = schedule_event(event=make_draft(program))
    assert cancel_event(event=quiet).state == EventState.CANCELLED
    assert not Message.objects.exists()
    event = make_announced(program, days=3)
    cancel_event(event=event)
    assert not Exclusion.objects.exists()
    assert Message.objects.filter(payload__notice="cancelled").count() == 3


def test_a_running_event_can_be_called_off_but_not_one_that_is_over(program):
    event = make_announced(program)
    advance_events(now=event.start)
    assert cancel_event(event=event).state == EventState.CANCELLED
    over = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    with pytest.raises(WrongState):
        cancel_event(event=over)


def test_only_what_nobody_was_told_of_can_be_deleted(program):
    delete_event(event=make_draft(program))
    delete_event(event=schedule_event(event=make_draft(program)))
    assert not Event.objects.exists()
    assert not Exclusion.objects.exists()
    with pytest.raises(AlreadyAnnounced):
        delete_event(event=make_announced(program))


def test_a_past_event_is_recorded_with_who_held_the_meters_then(world, program):
    here = world.here
    school, earlier = here.school, here.other_organization
    school.maps.filter(holder_kind="organization").update(valid_from=PAST[1])
    map_meter(school, earlier, datetime(2021, 1, 1, tzinfo=UTC), valid_to=PAST[1])
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1], by=here.admin)
    assert (event.state, event.created_by) == (EventState.COMPLETED, here.admin)
    assert event.participations.get(meter=school).holder_id == earlier.pk
    assert Exclusion.objects.count() == 2
    assert not Message.objects.exists()
    assert list(Event.objects.visible_to(here.resident)) == [event]
    with pytest.raises(EventExists):
        record_completed_event(program=program, start=PAST[0], end=PAST[1])


def test_what_is_not_over_is_not_recorded(program):
    start, end = next_span()
    with pytest.raises(NotOverYet):
        record_completed_event(program=program, start=start, end=end)
    with pytest.raises(NotOverYet):
        find_or_record_event(program=program, start=start, end=end)
    announced = make_announced(program)
    with pytest.raises(NotOverYet):
        find_or_record_event(program=program, start=announced.start, end=announced.end)


def test_an_event_is_recorded_once_and_then_found(program):
    first = find_or_record_event(program=program, start=PAST[0], end=PAST[1])
    assert find_or_record_event(program=program, start=PAST[0], end=PAST[1]) == first


def test_an_announced_event_that_is_over_is_found_completed(program, time_machine):
    event = make_announced(program)
    never = schedule_event(event=make_draft(program, days=3))
    time_machine.move_to(never.end)
    found = find_or_record_event(program=program, start=event.start, end=event.end)
    assert found.state == EventState.COMPLETED
    with pytest.raises(WrongState, match="scheduled"):
        find_or_record_event(program=program, start=never.start, end=never.end)


def test_answers_count_until_the_start(world, program):
    event = make_announced(program)
    mine = event.participations.get(meter=world.here.home)
    assert opt_in(participation=mine).state == ParticipationState.OPTED_IN
    late = event.start - timedelta(seconds=1)
    assert opt_out(participation=mine, at=late).state == ParticipationState.OPTED_OUT
    with pytest.raises(TooLate):
        opt_in(participation=mine, at=event.start)
    advance_events(now=event.start)
    with pytest.raises(TooLate):
        opt_in(participation=mine)
    mine.refresh_from_db()
    assert mine.state == ParticipationState.OPTED_OUT


def test_nobody_answers_an_event_that_is_not_announced_or_was_called_off(program):
    event = schedule_event(event=make_draft(program))
    mine = event.participations.first()
    with pytest.raises(WrongState):
        opt_in(participation=mine)
    cancel_event(event=event)
    with pytest.raises(WrongState):
        opt_out(participation=mine)
    with pytest.raises(ValueError, match="OPTED_IN"):
        record_opt(participation=mine, answer=ParticipationState.SETTLED)


def test_the_same_answer_twice_is_told_once(program):
    mine = make_announced(program).participations.first()
    assert len(heard(opt_recorded, lambda: opt_in(participation=mine))) == 1
    assert heard(opt_recorded, lambda: opt_in(participation=mine)) == []


def test_every_change_is_told_to_higher_rooms_and_counted(program):
    def live():
        event = make_announced(program)
        cancel_event(event=event)

    got = [kwargs["event"] for kwargs in heard(event_changed, live)]
    assert [event.pk for event in got] == [got[0].pk] * 4
    assert Event.objects.get().modification_number == 3


def test_measuring_and_settling_leave_answers_alone(world, program):
    event = make_announced(program)
    opt_out(participation=event.participations.get(meter=world.here.home))
    advance_events(now=event.end)
    mark_measured(event=event, unmeasured=[])
    assert event.participations.get(meter=world.here.school).state == ParticipationState.MEASURED
    mark_measured(event=event, unmeasured=[world.here.school.pk])
    assert event.participations.get(meter=world.here.school).state == ParticipationState.UNMEASURED
    mark_settled(event=event, unmeasured=[world.here.school.pk])
    event.refresh_from_db()
    assert (event.state, event.modification_number) == (EventState.SETTLED, 6)
    states = set(event.participations.values_list("state", flat=True))
    assert states == {ParticipationState.OPTED_OUT, ParticipationState.UNMEASURED}


def test_what_was_paid_stays_paid_until_a_correction_is_posted(world, program):
    event = make_announced(program)
    advance_events(now=event.end)
    mark_measured(event=event, unmeasured=[])
    mark_settled(event=event, unmeasured=[])
    mark_measured(event=event, unmeasured=[world.here.school.pk])
    assert set(event.participations.values_list("state", flat=True)) == {ParticipationState.SETTLED}
    mark_settled(event=event, unmeasured=[world.here.school.pk])
    assert event.participations.get(meter=world.here.school).state == ParticipationState.UNMEASURED


def test_the_database_refuses_a_state_that_was_set_by_hand(program):
    event = make_draft(program)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(state=EventState.SETTLED, modification_number=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(state=EventState.SCHEDULED)


def test_quarter_hours_count_where_a_meter_has_them(world, program):
    make_meter(world.here.distributor, interval_minutes=60, contracted_kw=Decimal(1))
    enroll_all(program=program)
    start, end = next_span()
    with pytest.raises(NotOnIntervals, match="60-minute"):
        create_event(program=program, start=start + timedelta(minutes=30), end=end + timedelta(minutes=30))


def test_scheduling_takes_the_same_queries_for_many_times_the_meters(world, program, django_assert_max_num_queries):
    def scheduled(more, days):
        for _ in range(more):
            map_meter(make_meter(world.here.distributor, contracted_kw=Decimal(3)), world.here.organization)
        enroll_all(program=program)
        event = make_draft(program, days)
        with django_assert_max_num_queries(41) as queries:
            schedule_event(event=event)
        return event.participations.count(), len(queries)

    scheduled(4, 2)
    few, many = scheduled(4, 3), scheduled(70, 4)
    assert (few[0], many[0]) == (10, 80)
    assert few[1] == many[1]
