"""A running event: ended now, called off, made longer, and who stops at the end that was told."""

from datetime import timedelta
from decimal import Decimal

import pytest

from delivery.models import Message
from events.answers import TO_SAY
from events.errors import BadReason, NothingToMeasure, NotOnIntervals, TooLate, WrongState
from events.models import Enrollment, Event, EventState, OptPolicy, Participation
from events.services import (
    advance_events,
    cancel_event,
    cancel_in_emergency,
    change_event,
    create_event,
    end_enrollment,
    end_now,
    go_on,
    notify_event,
    opt_in,
    opt_out,
    schedule_event,
    stop_as_told,
)
from events.tests.world import make_program, next_span
from meters.models import Exclusion, Meter

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def announced(program, hours=4):
    start, end = next_span(hours=hours)
    return notify_event(event=schedule_event(event=create_event(program=program, start=start, end=end)))


def run(event, time_machine, after):
    """The event, running since some time."""
    time_machine.move_to(event.start + after, tick=False)
    advance_events()
    event.refresh_from_db()
    return event


@pytest.fixture
def program(world):
    return make_program(world.here.distributor)


@pytest.fixture
def event(program):
    return announced(program)


class TestEndingNow:
    def test_the_event_ends_with_the_interval_that_runs_and_everybody_is_told(self, here, event, time_machine):
        Meter.objects.filter(pk=here.school.pk).update(interval_minutes=60)
        run(event, time_machine, timedelta(minutes=95))
        before = event.modification_number
        ended = end_now(event=event, by=here.admin)
        assert (ended.state, ended.end) == (EventState.ACTIVE, event.start + 2 * HOUR)
        assert ended.modification_number == before + 1
        assert Message.objects.filter(payload__notice="changed").count() == 3
        assert set(Exclusion.objects.values_list("start", "end")) == {(event.start, ended.end)}
        assert advance_events(now=ended.end) == 1
        assert Event.objects.get().state == EventState.COMPLETED

    def test_an_event_of_which_no_full_interval_has_passed_is_not_ended(self, event, time_machine):
        run(event, time_machine, 29 * MINUTE)
        with pytest.raises(NothingToMeasure):
            end_now(event=event)
        assert run(event, time_machine, 30 * MINUTE).end == event.end
        assert end_now(event=event).end == event.start + 30 * MINUTE

    def test_it_ends_where_an_interval_ends_for_every_meter(self, here, event, time_machine):
        Meter.objects.filter(pk=here.school.pk).update(interval_minutes=10)
        Meter.objects.exclude(pk=here.school.pk).update(interval_minutes=15)
        run(event, time_machine, 31 * MINUTE)
        assert end_now(event=event).end == event.start + HOUR

    def test_one_that_ends_by_then_or_does_not_run_is_not_ended(self, event, time_machine):
        with pytest.raises(WrongState):
            end_now(event=event)
        run(event, time_machine, 4 * HOUR - 10 * MINUTE)
        with pytest.raises(WrongState, match="anyway"):
            end_now(event=event)


class TestCallingOff:
    def test_the_hours_that_ran_stay_out_of_ordinary_use(self, event, time_machine):
        run(event, time_machine, timedelta(minutes=95))
        cancel_in_emergency(event=event, by=None, reason="storm")
        spans = set(Exclusion.objects.values_list("start", "end"))
        assert spans == {(event.start, event.start + timedelta(minutes=95))}

    def test_so_they_do_where_the_clock_has_not_yet_said_that_it_runs(self, event, time_machine):
        time_machine.move_to(event.start + HOUR, tick=False)
        cancel_event(event=event)
        assert set(Exclusion.objects.values_list("end", flat=True)) == {event.start + HOUR}

    def test_before_it_begins_all_of_it_is_ordinary_again(self, event):
        cancel_event(event=event)
        assert not Exclusion.objects.exists()


def longer(event, by=HOUR):
    change_event(event=event, start=event.start, end=event.end + by)
    event.refresh_from_db()
    return event


def untils(event):
    return dict(event.participations.values_list("meter__name", "until"))


class TestMakingItLonger:
    def test_silence_goes_on_and_whoever_says_so_stops_at_the_end_that_was_told(self, here, event, time_machine):
        told = event.end
        longer(run(event, time_machine, HOUR))
        assert event.told_end == told
        assert set(untils(event).values()) == {None}
        home = event.participations.get(meter=here.home)
        assert stop_as_told(participation=home, by=here.resident).until == told
        assert go_on(participation=home).until is None

    def test_it_may_be_said_until_a_quarter_of_an_hour_after_the_end_that_was_told(self, here, event, time_machine):
        told = event.end
        longer(run(event, time_machine, 4 * HOUR - MINUTE))
        home = event.participations.get(meter=here.home)
        with pytest.raises(TooLate):
            stop_as_told(participation=home, at=told + TO_SAY)
        assert stop_as_told(participation=home, at=told + TO_SAY - MINUTE).until == told

    def test_an_organization_that_may_owe_a_penalty_agrees_first(self, here, world, time_machine):
        event = announced(make_program(here.distributor, penalty_per_kw=Decimal(3)))
        told = event.end
        longer(run(event, time_machine, HOUR))
        assert event.participations.get(meter=here.school).until == told
        assert event.participations.get(meter=here.home).until is None
        assert go_on(participation=event.participations.get(meter=here.school)).until is None

    def test_where_only_who_joins_takes_part_nobody_is_prolonged_unasked(self, here, time_machine):
        event = announced(make_program(here.distributor, opt_policy=OptPolicy.OPT_IN))
        opt_in(participation=event.participations.get(meter=here.home))
        told = event.end
        longer(run(event, time_machine, HOUR))
        assert event.participations.get(meter=here.home).until == told
        assert event.participations.exclude(meter=here.home).filter(until=None).exists()  # silent: not in it at all

    def test_who_stopped_stays_stopped_when_it_is_made_longer_again(self, here, event, time_machine):
        told = event.end
        longer(run(event, time_machine, HOUR))
        home = event.participations.get(meter=here.home)
        stop_as_told(participation=home)
        longer(event)
        assert event.told_end == told  # both ends were said before the first one was over
        assert event.participations.get(meter=here.home).until == told
        time_machine.move_to(told + TO_SAY, tick=False)
        longer(event)
        assert event.told_end == told + 2 * HOUR
        with pytest.raises(TooLate):
            go_on(participation=home)

    def test_there_is_a_quarter_of_an_hour_left_to_say_so_of_a_second_time_too(self, here, event, time_machine):
        told = event.end
        longer(run(event, time_machine, 3 * HOUR))
        home, school = (event.participations.get(meter=meter) for meter in (here.home, here.school))
        stop_as_told(participation=school)
        time_machine.move_to(told + TO_SAY - MINUTE, tick=False)
        assert longer(event).told_end == told + HOUR
        time_machine.move_to(told + TO_SAY + MINUTE, tick=False)
        assert stop_as_told(participation=home).until == told + HOUR
        with pytest.raises(TooLate):
            go_on(participation=school)
        school.refresh_from_db()
        assert school.until == told

    def test_who_stopped_stays_stopped_when_the_end_is_taken_back_and_moved_again(self, here, event, time_machine):
        told = event.end
        longer(run(event, time_machine, HOUR))
        stop_as_told(participation=event.participations.get(meter=here.home))
        change_event(event=event, start=event.start, end=told)
        event.refresh_from_db()
        assert (event.end, event.told_end) == (told, None)
        longer(event)
        assert event.participations.get(meter=here.home).until == told
        assert event.participations.get(meter=here.school).until is None
        assert go_on(participation=event.participations.get(meter=here.home)).until is None

    def test_who_stopped_stays_stopped_after_an_end_before_the_one_that_was_told(self, here, event, time_machine):
        told = event.end
        longer(run(event, time_machine, HOUR))
        stop_as_told(participation=event.participations.get(meter=here.home))
        event = longer(event, by=-2 * HOUR)
        assert (event.end, event.told_end) == (told - HOUR, None)
        assert event.participations.get(meter=here.home).until == event.end
        longer(event, by=3 * HOUR)
        assert event.participations.get(meter=here.home).until == told - HOUR

    def test_the_end_fits_the_intervals_of_who_left_the_program_but_counts_in_it(self, here, time_machine):
        event = announced(make_program(here.distributor, opt_out_minutes=60))
        Meter.objects.filter(pk=here.school.pk).update(interval_minutes=60)
        Meter.objects.exclude(pk=here.school.pk).update(interval_minutes=15)
        time_machine.move_to(event.start - 30 * MINUTE, tick=False)
        end_enrollment(enrollment=Enrollment.objects.get(meter=here.school))
        run(event, time_machine, HOUR)
        with pytest.raises(NotOnIntervals, match="60-minute"):
            longer(event, by=-30 * MINUTE)
        assert longer(event, by=-HOUR).end == event.start + 3 * HOUR

    def test_who_skips_or_is_asked_of_no_longer_event_has_nothing_to_say(self, here, event, time_machine):
        opt_out(participation=event.participations.get(meter=here.home))
        run(event, time_machine, HOUR)
        with pytest.raises(WrongState):
            stop_as_told(participation=event.participations.get(meter=here.school))
        longer(event)
        with pytest.raises(WrongState):
            go_on(participation=event.participations.get(meter=here.home))

    def test_after_the_event_it_is_too_late(self, here, event, time_machine):
        longer(run(event, time_machine, HOUR))
        time_machine.move_to(event.end, tick=False)
        with pytest.raises(TooLate):
            stop_as_told(participation=event.participations.get(meter=here.home))

    def test_the_notice_says_what_silence_means_and_how_to_say_otherwise(self, here, time_machine):
        event = announced(make_program(here.distributor, penalty_per_kw=Decimal(3)))
        opt_out(participation=event.participations.get(meter=here.home))
        longer(run(event, time_machine, HOUR))
        told = Message.objects.filter(payload__notice="extended")
        assert {row.payload["stops"] for row in told} == {True}
        assert not told.filter(recipient=here.resident.email).exists()  # skips it
        assert all(row.payload["told_end"] == (event.end - HOUR).isoformat() for row in told)


def test_ending_it_needs_no_reason_and_calling_it_off_does(here, event, time_machine):
    run(event, time_machine, HOUR)
    with pytest.raises(BadReason):
        cancel_in_emergency(event=event, by=here.admin, reason="")
    assert Participation.objects.filter(until=None).count() == event.participations.count()
