"""The hours before an event that move a baseline: never those of another event, nor those after people were told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from events.services import advance_events, change_event, record_completed_event
from events.tests.world import PAST, make_announced, make_program
from meters.models import Exclusion
from settlement.baselines import (
    PRESETS,
    DayOutcome,
    Flag,
    compute_baseline,
    preset_from_data,
    rule_data,
    rule_hash,
)
from settlement.baselines import Exclusion as Reason
from settlement.models import BaselineRule, ToldSpan
from settlement.rule_form import plain_fields, rule_from_fields
from settlement.services import settle
from settlement.services.lines import lines_of
from settlement.services.measuring.case import notice_of, open_case, span_of
from settlement.services.measuring.measured import QuickMeasured
from settlement.services.measuring.participants import read_participants
from settlement.services.measuring.work import Measurement
from settlement.services.paying import open_pay
from settlement.tests import baseline_examples as examples
from settlement.tests.test_evidence import both, bundle, history
from settlement.tests.world import EVENT_DAY, local, put
from settlement.traces import opened_with
from tests.builder import make_world

RATIO = PRESETS["ten-in-ten-ratio-20"]
ADJUSTED = [name for name, preset in PRESETS.items() if preset.adjustment is not None]


# Another event in the window


def make_two(preset):
    """A program with an event from 12:00 to 14:00 in which everybody saved, and one from 16:00 to 18:00."""
    world = make_world()
    program = make_program(world.here.distributor, preset=preset)
    for meter, usual in ((world.here.home, 1000), (world.here.school, 60_000)):
        history(meter, usual, usual // 2)
        put(meter, EVENT_DAY, usual // 5, hours=(12, 16))
    first = record_completed_event(program=program, start=local(EVENT_DAY, 12), end=local(EVENT_DAY, 14))
    return world, first, record_completed_event(program=program, start=PAST[0], end=PAST[1])


@pytest.mark.django_db
@pytest.mark.parametrize("preset", ADJUSTED)
def test_who_saved_in_an_earlier_event_of_the_day_is_not_paid_less_in_the_next(preset):
    world, first, event = make_two(preset)
    if preset == "weighted-twelve-additive":
        # Its one hour begins at 14:00, when the first event is over.
        Exclusion.objects.filter(source=f"event {first.pk}").update(end=local(EVENT_DAY, 14) + timedelta(minutes=1))
    run = settle(event=event)
    for meter in (world.here.home, world.here.school):
        data = bundle(run, meter)
        usual = data["result"]["usual"]
        assert "WINDOW_NOT_USUAL" in usual["flags"]
        assert (usual["adjustment_raw"], usual["adjustment_applied"]) in ((None, "1/1"), (None, "0/1"))
        assert [slot["unadjusted_wh"] for slot in usual["slots"]] == [slot["adjusted_wh"] for slot in usual["slots"]]
        verdict, wrong = both(data)
        assert (verdict.wrong, wrong) == ([], [])
        del data["participant"]["not_usual"]
        assert both(data)[0].wrong


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["outage", "test", "idle"])
def test_an_outage_or_a_test_of_its_feeder_in_the_window_moves_nothing(kind):
    world = make_world()
    program = make_program(world.here.distributor, preset="ten-in-ten-additive-20")
    history(world.here.home, 1000, 611)
    history(world.here.school, 60_000, 20_000)
    Exclusion.objects.create(
        distributor=world.here.distributor, kind=kind, feeder=world.here.home.feeder, start=local(EVENT_DAY, 14),
        end=local(EVENT_DAY, 14) + timedelta(minutes=10),
    )  # fmt: skip
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    run = settle(event=event)
    home, school = bundle(run, world.here.home), bundle(run, world.here.school)
    assert home["participant"]["not_usual"] == {"2026-07-22T18:00:00Z": kind.upper()}
    assert "WINDOW_NOT_USUAL" in home["result"]["usual"]["flags"]
    assert "WINDOW_NOT_USUAL" not in school["result"]["usual"]["flags"]
    assert "not_usual" not in school["participant"]
    assert school["result"]["usual"]["adjustment_raw"] is not None
    assert both(home)[0].wrong == both(school)[0].wrong == []


@pytest.mark.django_db
def test_the_quick_way_says_the_same_of_a_window_with_an_event():
    _world, _first, event = make_two("ten-in-ten-ratio-20")
    case, paying, run = open_case(event=event, preset=None), open_pay(event), settle(event=event)
    rows = Measurement(case).rows(read_participants(event=event))
    assert [type(row) for row in rows] == [QuickMeasured, QuickMeasured]
    for row in rows:
        quick, exact = (lines_of(run, case, each, paying)[0] for each in (row, row.in_full()))
        assert quick.inputs_sha256 == exact.inputs_sha256
        assert opened_with(quick, run.common) == opened_with(exact, run.common)


def test_missing_readings_are_said_first():
    moment = examples.local(examples.EVENT_DAY, 13)
    spoiled = {moment: Reason.OUTAGE}
    readings = examples.table()
    plan = examples.plan_for(RATIO)
    assert moment in plan.window
    found = compute_baseline(plan, examples.history(readings=readings, not_usual=spoiled))
    assert Flag.WINDOW_NOT_USUAL in found.flags
    del readings[moment]
    found = compute_baseline(plan, examples.history(readings=readings, not_usual=spoiled))
    assert Flag.WINDOW_INCOMPLETE in found.flags
    assert Flag.WINDOW_NOT_USUAL not in found.flags


def test_the_event_itself_and_hours_after_the_window_spoil_nothing():
    plan = examples.plan_for(RATIO)
    spoiled = {plan.slots[0]: Reason.EVENT, plan.window[-1] + timedelta(hours=1): Reason.EVENT}
    usual = compute_baseline(plan, examples.history())
    assert compute_baseline(plan, examples.history(not_usual=spoiled)) == usual


# When people were told


def test_a_notice_of_the_evening_before_that_falls_into_the_window_moves_it():
    day = examples.EVENT_DAY
    start = examples.local(day, 0)
    plan = examples.plan_for(RATIO, start=start, end=start + timedelta(hours=2), notice_at=start - timedelta(hours=3))
    assert plan.window == tuple(start - timedelta(hours=hours) for hours in (6, 5, 4))
    assert plan.flags == (Flag.WINDOW_MOVED_BEFORE_NOTICE,)
    early = replace(plan.event, notice_at=start - timedelta(hours=4))
    assert examples.plan_for(RATIO, start=start, end=early.end, notice_at=early.notice_at).flags == ()


@pytest.mark.django_db
def test_what_was_told_at_night_is_checked_the_same_by_the_single_file():
    world = make_world()
    program = make_program(world.here.distributor, preset="ten-in-ten-ratio-20")
    start = local(EVENT_DAY, 0)
    for age in range(45):
        put(world.here.home, EVENT_DAY - timedelta(days=age), 900 + 10 * (age % 4), hours=(0, 2))
        put(world.here.home, EVENT_DAY - timedelta(days=age + 1), 1000 + 7 * (age % 5), hours=(18, 23))
    event = record_completed_event(program=program, start=start, end=start + timedelta(hours=2))
    event.notified_at = start - timedelta(hours=3)
    event.save(update_fields=["notified_at"])
    data = bundle(settle(event=event), world.here.home)
    assert data["result"]["usual"]["flags"] == ["WINDOW_MOVED_BEFORE_NOTICE"]
    assert data["result"]["status"] == "ok"
    verdict, wrong = both(data)
    assert (verdict.wrong, wrong) == ([], [])


@pytest.fixture
def monday(time_machine):
    """Noon in New York of a Monday."""
    time_machine.move_to(datetime(2026, 7, 20, 16, tzinfo=UTC), tick=False)
    return time_machine


@pytest.mark.django_db
def test_after_a_change_its_notice_counts(monday):
    world = make_world()
    event = make_announced(make_program(world.here.distributor, preset="ten-in-ten-ratio-20"))
    assert notice_of(event) == event.notified_at == datetime(2026, 7, 20, 16, tzinfo=UTC)
    told = event.start - timedelta(hours=3, minutes=30)
    monday.move_to(told, tick=False)
    event = change_event(event=event, start=event.start - timedelta(hours=1), end=event.end)
    assert event.notified_at < notice_of(event) == told
    window = Measurement(open_case_of(event)).plan(30).window
    assert window[-1] + timedelta(minutes=30) <= told
    # What is said while it runs comes after the window.
    monday.move_to(event.start + timedelta(minutes=5), tick=False)
    advance_events()
    event.refresh_from_db()
    change_event(event=event, start=event.start, end=event.end + timedelta(hours=1))
    event.refresh_from_db()
    assert span_of(event).notice_at == told


def open_case_of(event):
    """The case of an event to come."""
    return open_case(event=event, preset=None)


@pytest.mark.django_db
def test_an_event_that_was_entered_afterwards_has_no_notice():
    world = make_world()
    event = record_completed_event(program=make_program(world.here.distributor), start=PAST[0], end=PAST[1])
    assert event.notified_at is not None
    assert notice_of(event) is None


# Days on which people knew already

TOLD_DAY = replace(PRESETS["ten-in-ten"], name="told-day", skips_told_day=True)
DAY_BEFORE = examples.EVENT_DAY - timedelta(days=1)


def skipped(rule, **told):
    """The days that a rule leaves out because people knew."""
    found = examples.plan_for(rule, **told).days
    return [planned.day for planned in found if planned.refused is DayOutcome.SKIPPED_BY_NOTICE]


@pytest.mark.parametrize(
    ("told", "days"),
    [
        ({}, []),
        ({"notice_at": examples.local(examples.EVENT_DAY, 8)}, []),
        ({"notice_at": examples.local(DAY_BEFORE, 23)}, [DAY_BEFORE]),
        ({"notice_at": examples.local(DAY_BEFORE - timedelta(days=3), 8)}, [DAY_BEFORE]),
        # Moved on the day itself, but known since the day before.
        (
            {"notice_at": examples.local(examples.EVENT_DAY, 8), "told_at": examples.local(DAY_BEFORE, 8)},
            [DAY_BEFORE],
        ),
    ],
)
def test_a_rule_may_leave_out_the_day_before_where_people_were_told_by_then(told, days):
    assert skipped(TOLD_DAY, **told) == days
    assert skipped(PRESETS["ten-in-ten"], **told) == []
    assert skipped(PRESETS["weather-sensitive-five-of-ten"], **told) == [DAY_BEFORE]


def test_rules_from_before_keep_their_text_and_hash():
    assert "skips_told_day" not in rule_data(PRESETS["ten-in-ten"])
    assert preset_from_data(rule_data(TOLD_DAY)) == TOLD_DAY
    assert rule_hash(TOLD_DAY) != rule_hash(replace(TOLD_DAY, skips_told_day=False))
    assert rule_from_fields(plain_fields(TOLD_DAY) | {"name": "x", "description": "y"}).skips_told_day


@pytest.mark.django_db
def test_what_was_left_out_because_people_knew_is_checked_by_the_single_file():
    world = make_world()
    BaselineRule.objects.create(
        distributor=world.here.distributor, name=TOLD_DAY.name, description=TOLD_DAY.description,
        data=rule_data(TOLD_DAY), sha256=rule_hash(TOLD_DAY),
    )  # fmt: skip
    program = make_program(world.here.distributor, preset=TOLD_DAY.name)
    history(world.here.home, 1000, 611)
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    event.notified_at = local(EVENT_DAY - timedelta(days=1), 9)
    event.save(update_fields=["notified_at"])
    ToldSpan.objects.create(event=event, at=local(EVENT_DAY, 9), start=event.start, end=event.end)
    data = bundle(settle(event=event), world.here.home)
    assert data["header"]["event"]["told_at"] < data["header"]["event"]["notice_at"]
    assert data["result"]["usual"]["days"][0]["outcome"] == "SKIPPED_BY_NOTICE"
    verdict, wrong = both(data)
    assert (verdict.wrong, wrong) == ([], [])
