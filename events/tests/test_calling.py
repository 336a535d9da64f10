"""Calling events: areas, the second person, the draw, standing wishes, test events, silence, and calling off."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEntry
from common.errors import PortalError
from events.costs import Part, expected_cost, highest_cost
from events.draw import held_out
from events.errors import BadArea, BadReason, NeedsSecond, WrongState
from events.models import (
    AnswerSource,
    CancelAnswer,
    EventState,
    LeftOutReason,
    OptPolicy,
    OptSchedule,
    ParticipationState,
    ProgramVersion,
)
from events.selectors import targets_of
from events.services import (
    Words,
    advance_events,
    agree_to_cancel,
    approve_event,
    ask_to_cancel,
    cancel_event,
    cancel_in_emergency,
    change_event,
    create_event,
    draft_size,
    edit_draft,
    keep_running,
    leave_out,
    read_targets,
    schedule_event,
    take_back,
)
from events.targets import Area, Targets, read_area
from events.tests.world import make_announced, make_program, next_span
from meters.models import Exclusion, ExclusionKind
from settlement.reports.past_response import Past, shrunk
from tests.builder import make_admin, make_meter, make_user, map_meter

SQUARE = "polygon:40.0,-74.0;40.0,-73.0;41.0,-73.0;41.0,-74.0:Old town"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("circle:40.0,-74.0,1000:", (40.0089, -74.0), (40.0091, -74.0)),
        (SQUARE, (40.5, -73.5), (40.5, -72.9)),
        ("polygon:10,179;10,-179;12,-179;12,179:", (11.0, 180.0), (11.0, 0.0)),
        ("circle:0,179.999,1000:", (0.0, -179.999), (0.0, -179.0)),
    ],
)
def test_a_point_lies_in_an_area_or_not(text, inside, outside):
    area = read_area(text)
    assert inside in area
    assert outside not in area
    assert read_area(area.value) == area


@pytest.mark.parametrize(
    "text", ["circle:91,0,5:", "circle:0,0,0:", "circle:0,0,nan:", "circle:0,0:", "polygon:0,0;1,1:", "polygon:a,b:",
             "polygon:0,0;0,0;0,0:", "circle:0,0,5:" + 61 * "x", "square:0,0,1:"],
)  # fmt: skip
def test_an_area_that_cannot_be_is_refused(text):
    with pytest.raises(BadArea):
        read_area(text)


@given(st.sets(st.text("0123456789", min_size=1, max_size=6), max_size=40), st.integers(0, 50), st.text(max_size=8))
def test_the_draw_is_the_share_of_those_there_are_whatever_their_order(numbers, percent, seed):
    share = Decimal(percent) / 100
    drawn = held_out(seed=seed, numbers=sorted(numbers), share=share)
    assert drawn <= numbers
    assert len(drawn) == int(len(numbers) * share)
    assert drawn == held_out(seed=seed, numbers=sorted(numbers, reverse=True), share=share)


@given(
    st.decimals(0, 1000, places=3), st.decimals(0, 1000, places=3), st.decimals(0, 100, places=2),
    st.one_of(st.none(), st.decimals(0, 50, places=2)),
)  # fmt: skip
def test_what_is_expected_never_costs_more_than_what_is_kept_aside(expected, nominated, rate, cap):
    version = ProgramVersion(rate_per_kw=rate, rate_per_kwh=Decimal("0.5"), bonus_factor=Decimal(1), cap_per_event=cap)
    version.bonus_amount = version.flat_per_event = Decimal(2)
    parts = [Part(expected, nominated)]
    assert 0 <= expected_cost(version, parts, Decimal(2)) <= highest_cost(version, parts, Decimal(2))


def test_few_events_are_drawn_further_to_the_mean_of_the_kind_than_many():
    steady = Past(10, 40.0, 165.0, "home")
    found = shrunk({1: steady, 2: Past(1, 9.0, 81.0, "home"), 3: Past(10, 20.0, 45.0, "home")})
    mean = 69 / 21
    assert abs(found[2] - mean) / (9 - mean) < abs(found[1] - mean) / (4 - mean) < 1
    assert shrunk({1: Past(1, 2.0, 4.0), 2: Past(1, 4.0, 16.0)}) == {1: 2.5, 2: 3.5}


@pytest.fixture
def other_admin(here):
    return make_admin(here.distributor)


def draft_of(program, by=None, **fields):
    start, end = next_span(2)
    return create_event(program=program, start=start, end=end, by=by, **fields)


@pytest.mark.django_db
class TestWhoIsAsked:
    def test_an_area_asks_the_meters_in_it_and_says_how_many_have_no_place(self, here):
        type(here.home).objects.filter(pk=here.home.pk).update(latitude="40.5", longitude="-73.5")
        program = make_program(here.distributor)
        event = draft_of(program, targets=read_targets(distributor=here.distributor, values=[SQUARE]))
        assert targets_of(event) == Targets(areas=(read_area(SQUARE),))
        size = draft_size(event)
        assert ([meter.pk for meter in size.meters], size.unplaced) == ([here.home.pk], 1)
        assert [target.value for target in event.targets.all()] == [SQUARE]

    def test_the_operator_leaves_a_meter_out_and_takes_it_back(self, here):
        event = draft_of(make_program(here.distributor))
        with pytest.raises(BadReason):
            leave_out(event=event, meter=here.school, note=" ", by=here.admin)
        leave_out(event=event, meter=here.school, note="exams", by=here.admin)
        event.refresh_from_db()
        assert event.expected_kw == 1
        take_back(event=event, meter=here.school, by=here.admin)
        leave_out(event=event, meter=here.home, note="asked us to", by=here.admin)
        scheduled = schedule_event(event=event)
        assert [row.meter for row in scheduled.participations.all()] == [here.school]
        assert scheduled.left_out.get().reason == LeftOutReason.OPERATOR

    def test_homes_are_held_out_by_a_draw_that_anybody_can_repeat_and_keep_their_ordinary_days(self, here):
        for number in range(9):
            meter = make_meter(here.distributor, f"H{number}", contracted_kw=1)
            map_meter(meter, make_user(here.distributor))
        event = make_announced(make_program(here.distributor, control_share=Decimal("0.3")))
        drawn = set(
            event.participations.filter(state=ParticipationState.HELD_OUT).values_list("meter__number", flat=True)
        )
        homes = [here.home.number, *(f"H{number}" for number in range(9))]
        assert drawn == held_out(seed=event.draw_seed, numbers=homes, share=Decimal("0.3"))
        assert len(drawn) == 3
        assert not Exclusion.objects.filter(meter__number__in=drawn).exists()
        assert event.expected_kw == 50 + 7

    def test_a_standing_wish_skips_and_a_new_time_asks_it_again(self, here):
        start, _end = next_span(2)
        day = start.astimezone(here.distributor.zone).weekday()
        OptSchedule.objects.create(meter=here.home, holder_id=here.resident.pk, weekdays=str(day))
        event = make_announced(make_program(here.distributor))
        row = event.participations.get(meter=here.home)
        assert (row.state, row.answer_source) == (ParticipationState.OPTED_OUT, AnswerSource.SCHEDULE)
        later, end = next_span(3)
        change_event(event=event, start=later, end=end)
        row.refresh_from_db()
        assert (row.state, row.answer_source, row.answered_at) == (ParticipationState.NOTIFIED, "", None)

    def test_silence_is_no_where_only_who_joins_takes_part(self, here):
        event = make_announced(make_program(here.distributor, opt_policy=OptPolicy.OPT_IN))
        advance_events(now=event.start)
        assert set(event.participations.values_list("state", flat=True)) == {ParticipationState.OPTED_OUT}

    def test_a_test_costs_nothing_and_counts_as_a_test(self, here):
        event = schedule_event(event=draft_of(make_program(here.distributor), words=Words(is_test=True)))
        assert event.reserved == 0
        assert set(Exclusion.objects.values_list("kind", flat=True)) == {ExclusionKind.TEST}


@pytest.mark.django_db
class TestSecondPerson:
    @pytest.fixture
    def event(self, here):
        return draft_of(make_program(here.distributor, second_person_kw=Decimal(50)), by=here.admin)

    def test_a_large_event_waits_for_somebody_else_than_its_author(self, here, event, other_admin):
        assert event.needs_second
        with pytest.raises(NeedsSecond, match="51 kW"):
            schedule_event(event=event, by=here.admin)
        with pytest.raises(NeedsSecond):
            approve_event(event=event, by=here.admin)
        approve_event(event=event, by=other_admin)
        assert schedule_event(event=event, by=here.admin).state == EventState.SCHEDULED

    def test_who_changes_the_draft_voids_the_agreement_and_cannot_agree(self, here, event, other_admin):
        approve_event(event=event, by=other_admin)
        edit_draft(event=event, start=event.start, end=event.end, words=Words("later"), by=other_admin)
        with pytest.raises(NeedsSecond):
            schedule_event(event=event)
        with pytest.raises(NeedsSecond):
            approve_event(event=event, by=other_admin)
        approve_event(event=event, by=here.admin)
        assert schedule_event(event=event).approved_by == here.admin

    def test_at_the_size_itself_nobody_else_is_needed(self, here):
        event = draft_of(make_program(here.distributor, "Small", second_person_kw=Decimal(51)), by=here.admin)
        assert not event.needs_second
        assert schedule_event(event=event, by=here.admin).state == EventState.SCHEDULED


@pytest.mark.django_db
class TestCallingOff:
    @pytest.fixture
    def running(self, here):
        event = make_announced(make_program(here.distributor))
        advance_events(now=event.start)
        event.refresh_from_db()
        return event

    def test_a_running_event_needs_two(self, here, running, other_admin):
        with pytest.raises(NeedsSecond):
            cancel_event(event=running, by=here.admin, reason="enough")
        asked = ask_to_cancel(event=running, by=here.admin, reason="enough")
        assert ask_to_cancel(event=running, by=other_admin, reason="storm") == asked
        with pytest.raises(NeedsSecond):
            agree_to_cancel(request=asked, by=here.admin)
        cancelled = agree_to_cancel(request=asked, by=other_admin)
        assert (cancelled.state, cancelled.cancel_reason) == (EventState.CANCELLED, "enough")
        with pytest.raises(PortalError):
            agree_to_cancel(request=asked, by=other_admin)

    def test_it_goes_on_if_the_second_says_so_and_may_be_asked_again(self, here, running, other_admin):
        asked = ask_to_cancel(event=running, by=here.admin, reason="enough")
        assert keep_running(request=asked, by=other_admin).answer == CancelAnswer.KEPT
        with pytest.raises(WrongState):
            keep_running(request=asked, by=here.admin)
        assert ask_to_cancel(event=running, by=here.admin, reason="again") != asked

    def test_an_emergency_needs_one_and_a_reason_and_is_named_in_the_history(self, here, running):
        with pytest.raises(BadReason):
            cancel_in_emergency(event=running, by=here.admin, reason="")
        cancel_in_emergency(event=running, by=here.admin, reason="fire")
        entry = AuditEntry.objects.filter(act="event.cancelled_in_emergency").first()
        assert entry is not None
        assert entry.reason == "fire"

    def test_before_it_runs_one_person_calls_it_off(self, here):
        event = make_announced(make_program(here.distributor))
        assert cancel_event(event=event, by=here.admin, reason="rain").cancel_reason == "rain"


def test_an_area_needs_a_name_that_fits():
    with pytest.raises(BadArea):
        Area("x" * 61, center=(0.0, 0.0), radius_m=5)
