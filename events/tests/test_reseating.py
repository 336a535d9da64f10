"""A new time for a called event, the control group over its life, closed programs, and wishes at the notice."""

import doctest
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from common.intervals import DAY, local_day
from events import draw
from events.draw import is_held_out
from events.errors import LimitReached, NeedsSecond, ProgramClosed
from events.models import AnswerSource, Enrollment, Event, OptPolicy, OptSchedule, Participation, ParticipationState
from events.services import (
    advance_events,
    approve_event,
    change_event,
    create_event,
    draft_size,
    end_enrollment,
    enroll,
    notify_event,
    open_program,
    opt_in,
    opt_out,
    pause_enrollment,
    resume_enrollment,
    schedule_event,
)
from events.targets import Targets
from events.tests.world import make_announced, make_draft, make_program, next_span
from meters.models import Exclusion
from meters.services import end_map, keep_meter, leave_meter
from meters.services import map_meter as let_in
from tests.builder import make_admin, make_meter, make_organization, make_user, map_meter

pytestmark = pytest.mark.django_db
HELD_OUT, OPTED_OUT, NOTIFIED = ParticipationState.HELD_OUT, ParticipationState.OPTED_OUT, ParticipationState.NOTIFIED


def make_homes(here, count, first=0):
    homes = []
    for number in range(first, first + count):
        meter = make_meter(here.distributor, f"H{number:03}", contracted_kw=1)
        map_meter(meter, make_user(here.distributor))
        homes.append(meter)
    return homes


def seat_of(event, meter):
    return Participation.objects.get(event=event, meter=meter)


def enrollment_of(program, meter):
    return Enrollment.objects.get(program=program, meter=meter)


def move_by(event, by=None, **later):
    event.refresh_from_db()
    return change_event(event=event, start=event.start + timedelta(**later), end=event.end + timedelta(**later), by=by)


@pytest.fixture
def held(here):
    """An announced event, and a home that is held out of it."""
    make_homes(here, 5)
    event = make_announced(make_program(here.distributor, control_share=Decimal("0.5")), days=30)
    return event.participations.filter(state=HELD_OUT).select_related("event", "meter", "holder__as_user").first()


class TestControlGroup:
    def test_announcing_a_move_and_taking_it_back_leaves_a_home_held_out(self, here, held):
        user = held.holder.as_user
        day = local_day(timezone.now(), held.meter.zone) + 10 * DAY
        leave_meter(user=user, meter=held.meter, day=day)
        gone = seat_of(held.event, held.meter)
        assert (gone.state, gone.holder, gone.answer_source) == (HELD_OUT, None, AnswerSource.MOVE)
        assert not Participation.objects.filter(pk=gone.pk).compared().exists()
        keep_meter(user=user, meter=held.meter)
        back = seat_of(held.event, held.meter)
        assert (back.state, back.holder_id, back.answer_source) == (HELD_OUT, user.pk, "")
        assert not Event.objects.visible_to(user).exists()
        assert not Exclusion.objects.filter(meter=held.meter).exists()

    def test_a_pause_releases_a_home_and_going_on_compares_with_it_again(self, held):
        enrollment = enrollment_of(held.event.program, held.meter)
        pause_enrollment(enrollment=enrollment)
        released = seat_of(held.event, held.meter)
        assert (released.state, released.answer_source) == (HELD_OUT, AnswerSource.PAUSE)
        assert not Participation.objects.filter(pk=held.pk).compared().exists()
        assert not Participation.objects.filter(pk=held.pk).engaged().exists()
        assert not Event.objects.visible_to(held.holder.as_user).exists()
        resume_enrollment(enrollment=enrollment)
        assert Participation.objects.filter(pk=held.pk).compared().exists()
        assert not Event.objects.visible_to(held.holder.as_user).exists()

    def test_who_leaves_is_compared_with_no_more_for_good(self, held):
        enrollment = enrollment_of(held.event.program, held.meter)
        end_enrollment(enrollment=enrollment)
        assert not Participation.objects.filter(pk=held.pk).compared().exists()
        enroll(program=held.event.program, meter=held.meter)
        assert seat_of(held.event, held.meter).state == HELD_OUT
        assert not Participation.objects.filter(pk=held.pk).compared().exists()

    def test_a_paused_home_that_moves_and_stays_is_still_paused(self, held):
        user = held.holder.as_user
        pause_enrollment(enrollment=enrollment_of(held.event.program, held.meter))
        leave_meter(user=user, meter=held.meter, day=local_day(timezone.now(), held.meter.zone) + 10 * DAY)
        keep_meter(user=user, meter=held.meter)
        row = seat_of(held.event, held.meter)
        assert (row.answer_source, row.holder_id) == (AnswerSource.PAUSE, user.pk)

    def test_who_comes_in_by_a_change_is_drawn_by_the_same_seed_each_alone(self, here):
        program = make_program(here.distributor, control_share=Decimal("0.5"))
        event = make_announced(program)
        for meter in make_homes(here, 12):
            enroll(program=program, meter=meter)
        before = dict(event.participations.values_list("meter__number", "state"))
        move_by(event, hours=2)
        after = dict(event.participations.values_list("meter__number", "state"))
        new = after.keys() - before.keys()
        assert len(new) == 12
        share = Decimal("0.5")
        drawn = {number for number in new if after[number] == HELD_OUT}
        assert drawn == {number for number in new if is_held_out(seed=event.draw_seed, number=number, share=share)}
        assert {number: after[number] for number in before} == before
        assert not Exclusion.objects.filter(meter__number__in=drawn).exists()


def test_the_examples_of_the_draw_are_right():
    assert doctest.testmod(draw).failed == 0


def test_newcomers_are_held_out_as_often_as_the_share_says():
    drawn = [is_held_out(seed="seed", number=str(number), share=Decimal("0.3")) for number in range(2000)]
    assert 540 < sum(drawn) < 660
    assert not any(is_held_out(seed="seed", number=str(number), share=Decimal(0)) for number in range(100))


class TestAnswers:
    def test_a_move_taken_back_keeps_ones_own_answers(self, here):
        program = make_program(here.distributor)
        skipped, joined, silent = (make_announced(program, days=days) for days in (20, 21, 22))
        opt_out(participation=seat_of(skipped, here.home), by=here.resident)
        opt_in(participation=seat_of(joined, here.home), by=here.resident)
        leave_meter(user=here.resident, meter=here.home, day=local_day(timezone.now(), here.home.zone) + 10 * DAY)
        rows = Participation.objects.filter(meter=here.home)
        assert set(rows.values_list("state", "holder")) == {(OPTED_OUT, None)}
        keep_meter(user=here.resident, meter=here.home)
        assert set(rows.values_list("holder", flat=True)) == {here.resident.pk}
        said = [seat_of(event, here.home) for event in (skipped, joined, silent)]
        assert [row.state for row in said] == [OPTED_OUT, ParticipationState.OPTED_IN, NOTIFIED]
        assert said[0].answer_source == AnswerSource.PAGE

    def test_who_can_say_no_no_more_is_not_taken_in_by_going_on(self, here, time_machine):
        program = make_program(here.distributor, opt_out_minutes=120)
        event = make_announced(program)
        enrollment = enrollment_of(program, here.home)
        pause_enrollment(enrollment=enrollment)
        time_machine.move_to(event.start - timedelta(minutes=90))
        resume_enrollment(enrollment=enrollment)
        assert seat_of(event, here.home).state == OPTED_OUT
        advance_events(now=event.start)
        assert seat_of(event, here.home).state == OPTED_OUT

    def test_who_can_say_no_no_more_is_not_taken_in_by_staying(self, here, time_machine):
        event = make_announced(make_program(here.distributor, opt_out_minutes=24 * 60), days=5)
        leave_meter(user=here.resident, meter=here.home, day=local_day(event.start, here.home.zone))
        time_machine.move_to(event.start - timedelta(hours=24))
        keep_meter(user=here.resident, meter=here.home)
        row = seat_of(event, here.home)
        assert (row.state, row.holder_id) == (OPTED_OUT, here.resident.pk)

    def test_a_wish_between_scheduling_and_notice_is_heard(self, here):
        event = schedule_event(event=make_draft(make_program(here.distributor)))
        OptSchedule.objects.create(meter=here.home, holder_id=here.resident.pk)
        event = notify_event(event=event)
        row = seat_of(event, here.home)
        assert (row.state, row.answer_source) == (OPTED_OUT, AnswerSource.SCHEDULE)
        assert seat_of(event, here.school).state == NOTIFIED
        assert event.expected_kw == 50


class TestClosedProgram:
    def test_a_closed_program_calls_no_events(self, here):
        program = make_program(here.distributor)
        draft, scheduled = make_draft(program), schedule_event(event=make_draft(program, days=3))
        open_program(program=program, is_open=False)
        start, end = next_span(4)
        for call in (
            lambda: create_event(program=program, start=start, end=end),
            lambda: schedule_event(event=Event.objects.get(pk=draft.pk)),
            lambda: notify_event(event=scheduled),
        ):
            with pytest.raises(ProgramClosed, match="closed and calls no events"):
                call()
        assert isinstance(draft_size(Event.objects.get(pk=draft.pk)).refusals[0], ProgramClosed)

    def test_what_was_called_before_moves_with_those_who_were_asked(self, here):
        program = make_program(here.distributor)
        event = make_announced(program)
        for meter in make_homes(here, 1):
            enroll(program=program, meter=meter)
        open_program(program=program, is_open=False)
        move_by(event, hours=2)
        assert event.participations.count() == 2


class TestNewTime:
    def test_it_is_refused_where_a_meter_with_a_seat_would_be_asked_too_often(self, here, time_machine):
        time_machine.move_to(timezone.now().replace(year=2026, month=7, day=6, hour=12, minute=0))  # a Monday
        program = make_program(here.distributor, max_events_per_week=1)
        start, end = next_span(2)
        only = Targets(meters=frozenset({here.home.pk}))
        schedule_event(event=create_event(program=program, start=start, end=end, targets=only))
        event = make_announced(program, days=9)
        before = list(event.participations.order_by("meter").values())
        with pytest.raises(LimitReached, match="1 meter of this event would be asked for more than the terms allow"):
            move_by(event, days=-6)
        assert list(event.participations.order_by("meter").values()) == before
        opt_out(participation=seat_of(event, here.home), by=here.resident)
        moved = move_by(event, days=-6)
        assert (moved.expected_kw, seat_of(event, here.home).state) == (50, OPTED_OUT)

    def test_figures_are_those_of_who_has_a_seat(self, here, time_machine):
        program = make_program(here.distributor, opt_out_minutes=120, budget=Decimal(10_000))
        event = make_announced(program)
        assert (event.expected_kw, event.reserved) == (51, Decimal("142.80"))
        opt_out(participation=seat_of(event, here.home), by=here.resident)
        enroll(program=program, meter=make_homes(here, 1)[0])
        moved = move_by(event, hours=1)
        assert (moved.expected_kw, moved.reserved) == (51, Decimal("145.60"))
        time_machine.move_to(moved.start - timedelta(minutes=60))
        for enrollment in Enrollment.objects.filter(program=program):
            end_enrollment(enrollment=enrollment)
        time_machine.move_to(moved.start)
        advance_events()
        moved.refresh_from_db()
        longer = change_event(event=moved, start=moved.start, end=moved.end + timedelta(hours=1))
        assert (longer.expected_kw, longer.reserved) == (51, Decimal("142.80"))

    def test_who_left_once_answers_were_closed_does_not_come_to_the_new_time(self, here, time_machine):
        program = make_program(here.distributor, opt_out_minutes=120)
        event = make_announced(program)
        time_machine.move_to(event.start - timedelta(minutes=90))
        end_enrollment(enrollment=enrollment_of(program, here.home))
        assert seat_of(event, here.home).state == NOTIFIED
        moved = move_by(event, days=1)
        row = seat_of(event, here.home)
        assert (row.state, row.holder_id, moved.expected_kw) == (OPTED_OUT, here.resident.pk, 50)

    def test_a_time_before_the_move_asks_again_and_one_after_it_does_not(self, here):
        event = make_announced(make_program(here.distributor), days=5)
        leave_meter(user=here.resident, meter=here.home, day=local_day(timezone.now(), here.home.zone) + 10 * DAY)
        move_by(event, days=10)
        row = seat_of(event, here.home)
        assert (row.state, row.holder_id, row.answer_source) == (OPTED_OUT, None, AnswerSource.MOVE)
        move_by(event, days=-10)
        row.refresh_from_db()
        assert (row.state, row.holder_id, row.answer_source) == (NOTIFIED, here.resident.pk, "")

    def test_a_time_after_a_move_that_is_taken_back_asks_again(self, here):
        event = make_announced(make_program(here.distributor), days=5)
        leave_meter(user=here.resident, meter=here.home, day=local_day(timezone.now(), here.home.zone) + 10 * DAY)
        move_by(event, days=10)
        keep_meter(user=here.resident, meter=here.home)
        row = seat_of(event, here.home)
        assert (row.state, row.holder_id, row.answer_source) == (NOTIFIED, here.resident.pk, "")

    @pytest.mark.parametrize("said", [opt_in, opt_out])
    @pytest.mark.parametrize("whose", ["home", "school"])
    def test_who_moves_in_by_the_new_time_is_asked_anew(self, here, whose, said):
        program = make_program(here.distributor, opt_policy=OptPolicy.OPT_IN, penalty_per_kw=Decimal(3))
        event, meter = make_announced(program, days=3), getattr(here, whose)
        said(participation=seat_of(event, meter), by=here.resident if whose == "home" else None)
        at = timezone.now().replace(microsecond=0) + 5 * DAY
        holder = here.resident if whose == "home" else here.organization
        end_map(meter_map=meter.maps.get(entity_id=holder.pk), at=at)
        newcomer = make_user(here.distributor) if whose == "home" else make_organization(here.distributor)
        let_in(meter=meter, holder=newcomer, valid_from=at)
        enroll(program=program, meter=meter)
        move_by(event, days=4)
        row = seat_of(event, meter)
        assert (row.holder_id, row.state, row.answer_source) == (newcomer.pk, NOTIFIED, "")
        assert (row.answered_at, row.answered_by) == (None, None)

    @pytest.mark.parametrize(("first", "days"), [(5, (-3,)), (3, (4, -4))], ids=["before", "there and back"])
    def test_a_time_before_the_move_keeps_who_had_joined(self, here, first, days):
        event = make_announced(make_program(here.distributor, opt_policy=OptPolicy.OPT_IN), days=first)
        opt_in(participation=seat_of(event, here.home), by=here.resident)
        joined = seat_of(event, here.home)
        leave_meter(user=here.resident, meter=here.home, day=local_day(timezone.now(), here.home.zone) + 4 * DAY)
        for count in days:
            move_by(event, days=count)
        row = seat_of(event, here.home)
        assert (row.holder_id, row.state, row.answer_source) == (here.resident.pk, ParticipationState.OPTED_IN, "")
        assert (row.answered_at, row.answered_by_id) == (joined.answered_at, here.resident.pk)

    def test_who_joined_for_a_meter_that_is_not_theirs_by_the_new_time_joins_nobody_else(self, here):
        event = make_announced(make_program(here.distributor, opt_policy=OptPolicy.OPT_IN), days=5)
        opt_in(participation=seat_of(event, here.home), by=make_user(here.distributor))
        leave_meter(user=here.resident, meter=here.home, day=local_day(timezone.now(), here.home.zone) + 4 * DAY)
        move_by(event, days=-3)
        row = seat_of(event, here.home)
        assert (row.holder_id, row.state, row.answered_by) == (here.resident.pk, NOTIFIED, None)


class TestSecondPerson:
    @pytest.fixture
    def grown(self, here):
        """An event that one person could call, and since then enough have joined the program to make it large."""
        program = make_program(here.distributor, second_person_kw=Decimal(52))
        start, end = next_span(2)
        event = create_event(program=program, start=start, end=end, by=here.admin)
        event = notify_event(event=schedule_event(event=event, by=here.admin), by=here.admin)
        for meter in make_homes(here, 3):
            enroll(program=program, meter=meter)
        return event

    def test_more_meters_beyond_the_size_need_two_admins_who_ask_for_the_same(self, here, grown):
        other = make_admin(here.distributor)
        for _again in range(2):
            with pytest.raises(NeedsSecond, match="3 more meters would be asked, 54 kW"):
                move_by(grown, by=here.admin, hours=1)
        assert grown.participations.count() == 2
        assert grown.notes.count() == 1
        with pytest.raises(NeedsSecond):
            move_by(grown, by=other, hours=2)
        moved = move_by(grown, by=here.admin, hours=2)
        assert (moved.participations.count(), moved.expected_kw, moved.needs_second) == (5, 54, True)
        assert (moved.created_by, moved.approved_by, moved.wanted_start) == (other, here.admin, None)

    def test_the_agreement_to_the_draft_is_none_to_more(self, here):
        other = make_admin(here.distributor)
        program = make_program(here.distributor, second_person_kw=Decimal(50))
        start, end = next_span(2)
        draft = create_event(program=program, start=start, end=end, by=here.admin)
        approve_event(event=draft, by=other)
        event = schedule_event(event=draft, by=here.admin)
        move_by(event, by=here.admin, hours=1)
        enroll(program=program, meter=make_homes(here, 1)[0])
        with pytest.raises(NeedsSecond):
            move_by(event, by=here.admin, hours=1)

    def test_nobody_is_needed_for_the_same_meters_or_below_the_size(self, here, grown):
        make_up = Enrollment.objects.filter(meter__number__in=("H000", "H001"))
        for enrollment in make_up:
            end_enrollment(enrollment=enrollment)
        moved = move_by(grown, by=here.admin, hours=1)
        assert (moved.expected_kw, moved.needs_second) == (52, False)
