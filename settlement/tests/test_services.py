"""Settling an event: what a run says, when it is another one, and what may not be settled."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from events.errors import WrongState
from events.models import Event, EventState, Participation, ParticipationState, ProgramVersion
from events.services import cancel_event, enroll_all, record_completed_event
from events.tests.world import PAST, make_announced, make_draft, make_program
from meters.models import ExclusionKind, IntervalReading
from meters.services import exclude
from settlement.baselines import UnknownPreset
from settlement.errors import RuleChanged
from settlement.models import LineStatus, RunKind, SettlementLine, SettlementRun
from settlement.services import settle
from settlement.tests.world import ESTIMATED, EVENT_DAY, POOL, make_case, put, put_history
from settlement.traces import opened
from tests.builder import make_meter, map_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return make_case()


def line_of(run, meter):
    return run.lines.get(meter=meter)


def test_a_line_says_what_was_usual_what_was_used_and_what_is_paid(case):
    world, _, event = case
    run = settle(event=event, by=world.here.admin)
    home, school = line_of(run, world.here.home), line_of(run, world.here.school)
    assert (home.baseline_wh, home.event_wh, home.performance_wh, home.delivered_wh) == (
        "4000/1",
        2400,
        "1600/1",
        1600,
    )
    assert (home.performance_factor, home.credit, home.demand_savings) == (
        "4/5",
        Decimal("2.24"),
        Decimal("8.28"),
    )
    assert (school.performance_factor, school.credit) == ("8/5", Decimal("140.00"))  # 50 kW at most
    assert (home.holder_id, school.holder_id) == (world.here.resident.pk, world.here.organization.pk)
    assert (run.number, run.kind, run.preset, run.created_by) == (1, RunKind.FINAL, "three-day", world.here.admin)


def test_the_trace_opens_the_amount(case):
    world, _, event = case
    trace = opened(line_of(settle(event=event), world.here.home))
    assert [slot["baseline_wh"] for slot in trace["slots"]] == ["1000/1"] * 4
    outcomes = {day["day"]: day["outcome"] for day in trace["days"]}
    assert outcomes == {
        "2026-07-21": "USED",
        "2026-07-20": "USED",
        "2026-07-19": "WEEKEND",
        "2026-07-18": "WEEKEND",
        "2026-07-17": "USED",
    }
    assert trace["reward"]["credit"] == "2.24"
    assert trace["terms"]["rate_per_kw"] == "2.8000"
    assert trace["nomination_source"].startswith("Meter list")


def test_the_event_and_its_participations_move_on(case):
    _, _, event = case
    settle(event=event)
    event.refresh_from_db()
    assert (event.state, event.modification_number) == (EventState.MEASURED, 1)
    assert set(event.participations.values_list("state", flat=True)) == {ParticipationState.MEASURED}


def test_the_same_inputs_are_the_same_run(case):
    _, _, event = case
    first = settle(event=event)
    assert settle(event=event) == first
    assert (SettlementRun.objects.count(), SettlementLine.objects.count()) == (1, 2)


def test_a_corrected_reading_makes_the_next_run_and_the_old_one_stays(case):
    world, _, event = case
    first = settle(event=event)
    put(world.here.home, EVENT_DAY, 500)
    second = settle(event=event)
    assert (second.number, line_of(second, world.here.home).credit) == (2, Decimal("2.80"))
    assert line_of(first, world.here.home).credit == Decimal("2.24")
    assert settle(event=event) == second


def test_a_correction_that_is_taken_back_is_a_third_run(case):
    world, _, event = case
    first = settle(event=event)
    for wh in (500, 600):
        put(world.here.home, EVENT_DAY, wh)
        newest = settle(event=event)
    assert newest.number == 3
    assert line_of(newest, world.here.home).credit == line_of(first, world.here.home).credit
    assert settle(event=event) == newest


def test_readings_that_the_rule_does_not_look_at_change_nothing(case):
    world, _, event = case
    first = settle(event=event)
    put(world.here.home, POOL[0], 1, hours=(2, 5))
    put(world.here.home, date(2026, 7, 16), 9999)
    put(world.here.home, EVENT_DAY, 9999, hours=(19, 22))
    assert settle(event=event) == first


def test_every_input_makes_another_run(case):
    world, _, event = case
    hashes = {settle(event=event).inputs_sha256}

    def changed():
        hashes.add(settle(event=event).inputs_sha256)
        return len(hashes)

    put(world.here.home, POOL[2], 1001, hours=(16, 17))
    assert changed() == 2
    exclude(
        kind=ExclusionKind.OUTAGE, meters=[world.here.home], start=PAST[0] - timedelta(days=1),
        end=PAST[1] - timedelta(days=1), source="storm",
    )  # fmt: skip
    assert changed() == 3
    put(world.here.school, EVENT_DAY, 20_000, quality=ESTIMATED)
    assert changed() == 4
    Participation.objects.filter(meter=world.here.home).update(holder=world.here.neighbor.pk)
    assert changed() == 5
    Participation.objects.filter(meter=world.here.home).update(state=ParticipationState.OPTED_OUT)
    assert changed() == 6


def test_who_skipped_the_event_has_no_line(case):
    world, _, event = case
    Participation.objects.filter(meter=world.here.home).update(state=ParticipationState.OPTED_OUT)
    run = settle(event=event)
    assert [line.meter for line in run.lines.all()] == [world.here.school]
    assert Participation.objects.get(meter=world.here.home).state == ParticipationState.OPTED_OUT


def test_days_that_do_not_count_are_told_with_their_reason():
    world, program, event = make_case(holidays=(date(2026, 7, 20),))
    for day in (date(2026, 7, 16), date(2026, 7, 15), date(2026, 7, 14)):
        put(world.here.home, day, 1200)
        put(world.here.school, day, 60_000)
    record_completed_event(program=program, start=PAST[0] - timedelta(days=1), end=PAST[1] - timedelta(days=1))
    exclude(
        kind=ExclusionKind.OUTAGE, meters=[world.here.home], start=PAST[0] - timedelta(days=5),
        end=PAST[1] - timedelta(days=5), source="storm",
    )  # fmt: skip
    IntervalReading.objects.filter(meter=world.here.home, start=PAST[0] - timedelta(days=7)).delete()
    for day in (date(2026, 7, 13), date(2026, 7, 10)):
        put(world.here.home, day, 1200)
    run = settle(event=event)
    days = {day["day"][5:]: day["outcome"] for day in opened(line_of(run, world.here.home))["days"]}
    assert days["07-21"] == "EVENT_DAY"
    assert days["07-20"] == "HOLIDAY"
    assert days["07-17"] == "OUTAGE"
    assert days["07-15"] == "MISSING_READINGS"
    assert [day for day, outcome in days.items() if outcome == "USED"] == ["07-16", "07-14", "07-13"]
    assert line_of(run, world.here.school).status == LineStatus.OK


@pytest.mark.parametrize("kind", [ExclusionKind.OUTAGE, ExclusionKind.IDLE, ExclusionKind.TEST])
def test_a_feeder_that_was_out_or_idle_leaves_the_day_out_for_its_meters_alone(case, kind):
    world, _, event = case
    day_before = {"start": PAST[0] - timedelta(days=1), "end": PAST[1] - timedelta(days=1)}
    exclude(kind=kind, feeders=[world.here.home.feeder], source="storm", **day_before)
    run = settle(event=event)

    def outcome(meter):
        days = opened(line_of(run, meter))["days"]
        return {day["day"][5:]: day["outcome"] for day in days}["07-21"]

    assert (outcome(world.here.home), outcome(world.here.school)) == (kind.upper(), "USED")


def test_what_cannot_be_measured_says_why_and_is_not_paid(case, time_machine):
    world, program, _ = case
    time_machine.move_to(PAST[1] + timedelta(days=3))
    new, silent, quiet = (make_meter(world.here.distributor, contracted_kw=Decimal(5)) for _ in range(3))
    enroll_all(program=program)
    free = make_meter(world.here.distributor, contracted_kw=Decimal(0))
    enroll_all(program=program)
    put(new, EVENT_DAY, 5)
    put_history(silent, 1000, 600)
    IntervalReading.objects.filter(meter=silent, start=PAST[0]).delete()
    put_history(free, 1000, 600)
    start = PAST[0] - timedelta(minutes=30)
    event = record_completed_event(program=program, start=start, end=PAST[1])
    run = settle(event=event)
    statuses = {line.meter: line.status for line in run.lines.all()}
    assert statuses[new] == statuses[quiet] == LineStatus.INSUFFICIENT_HISTORY
    assert statuses[silent] == LineStatus.DATA_PENDING
    assert statuses[free] == LineStatus.NO_NOMINATION
    paid = {line.meter for line in run.lines.exclude(credit=0)}
    assert paid == {world.here.home, world.here.school}
    unmeasured = event.participations.filter(state=ParticipationState.UNMEASURED)
    assert {row.meter for row in unmeasured} == {new, silent, quiet}


def test_missing_readings_are_given_up_after_the_deadline(case, time_machine):
    world, _, event = case
    IntervalReading.objects.filter(meter=world.here.home, start=PAST[0]).delete()
    time_machine.move_to(PAST[1] + timedelta(days=29))
    assert line_of(settle(event=event), world.here.home).status == LineStatus.DATA_PENDING
    time_machine.move_to(PAST[1] + timedelta(days=31))
    run = settle(event=event)
    assert (run.number, line_of(run, world.here.home).status) == (2, LineStatus.UNMEASURED)
    time_machine.move_to(PAST[1] + timedelta(days=300))
    assert settle(event=event) == run


def test_a_run_that_misses_nothing_does_not_depend_on_the_clock(case, time_machine):
    _, _, event = case
    time_machine.move_to(PAST[1] + timedelta(days=1))
    first = settle(event=event)
    time_machine.move_to(PAST[1] + timedelta(days=100))
    assert settle(event=event) == first


def test_another_rule_gives_an_estimate_that_moves_nothing(case):
    _, _, event = case
    run = settle(event=event, preset="ten-in-ten")
    assert (run.kind, run.preset) == (RunKind.TRIAL, "ten-in-ten")
    event.refresh_from_db()
    assert event.state == EventState.COMPLETED
    assert settle(event=event, preset="ten-in-ten") == run
    final = settle(event=event)
    assert (final.number, final.kind) == (2, RunKind.FINAL)
    assert settle(event=event, preset="three-day") == final
    assert settle(event=event, preset="ten-in-ten") == run
    with pytest.raises(UnknownPreset):
        settle(event=event, preset="best-day")


def test_a_rule_that_is_not_the_frozen_one_is_refused(case):
    _, program, event = case
    frozen = program.current
    other = ProgramVersion.objects.create(
        program=program, number=2, preset="three-day", rule_sha256="0" * 64, rate_per_kw=frozen.rate_per_kw
    )
    Event.objects.filter(pk=event.pk).update(version=other)
    with pytest.raises(RuleChanged):
        settle(event=event)


def test_only_events_that_are_over_are_settled(case):
    _, program, _ = case
    announced = make_announced(program)
    for event in (make_draft(program, days=3), announced, cancel_event(event=announced)):
        with pytest.raises(WrongState):
            settle(event=event)


def test_meters_with_other_intervals_are_settled_together(case):
    world, program, _ = case
    hourly = make_meter(world.here.distributor, interval_minutes=60, contracted_kw=Decimal(1))
    map_meter(hourly, world.here.organization)
    enroll_all(program=program)
    for day, wh in [*((day, 2000) for day in POOL), (EVENT_DAY, 1500)]:
        put(hourly, day, wh)
    IntervalReading.objects.filter(meter=hourly, start__minute=30).delete()
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1] - timedelta(hours=1))
    run = settle(event=event)
    assert line_of(run, hourly).performance_wh == "500/1"
    assert line_of(run, world.here.home).performance_wh == "800/1"


def test_the_order_of_rows_is_no_input(case):
    _, _, event = case
    first = settle(event=event).inputs_sha256
    rows = list(IntervalReading.objects.all())
    IntervalReading.objects.all().delete()
    IntervalReading.objects.bulk_create(reversed(rows))
    participations = list(Participation.objects.filter(event=event).order_by("pk"))
    Participation.objects.filter(event=event).delete()
    for row in reversed(participations):
        Participation.objects.create(event=event, meter=row.meter, holder=row.holder)
    assert settle(event=event).inputs_sha256 == first


def test_a_settlement_takes_the_same_queries_for_many_meters(case, django_assert_num_queries):
    world, _, event = case
    with CaptureQueriesContext(connection) as few:
        assert settle(event=event).lines.count() == 2
    meters = [make_meter(world.here.distributor, contracted_kw=Decimal(1)) for _ in range(60)]
    program = make_program(world.here.distributor, "Second")
    for meter in meters:
        put_history(meter, 1000, 600)
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    with django_assert_num_queries(len(few)):
        assert settle(event=event).lines.count() == 62


def test_nobody_changes_a_run_or_a_line(case):
    _, _, event = case
    run = settle(event=event)
    for change in (
        lambda: SettlementLine.objects.filter(run=run).update(credit=1),
        lambda: SettlementRun.objects.filter(pk=run.pk).update(preset="x"),
        lambda: SettlementLine.objects.filter(run=run)._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
