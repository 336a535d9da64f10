"""The rules R2 to R9 one by one, on small made-up meters."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from common import intervals
from settlement.baselines import (
    BaselineStatus,
    DayOutcome,
    Event,
    Exclusion,
    Flag,
    HistoryNotLoaded,
    InvalidEvent,
    InvalidHistory,
    MeterHistory,
    Reading,
    compute_baseline,
    exclusion_days,
    get_preset,
    make_plan,
)
from settlement.baselines.presets import EstimatedSlots
from settlement.tests import baseline_examples as examples
from settlement.tests.baseline_examples import HOUR, ZONE, july, steady, utc

A1 = get_preset("ten-in-ten-ratio-20")
THREE = get_preset("three-day")
ATHENS = ZoneInfo("Europe/Athens")


def outcomes(baseline):
    return {trace.day: trace.outcome for trace in baseline.days}


def change(readings, day, hours, **fields):
    """The readings with some hours of a local day replaced."""
    starts = [examples.local(day, hour) for hour in hours]
    return readings | {start: readings[start]._replace(**fields) for start in starts}


def without(readings, day, hours):
    gone = {examples.local(day, hour) for hour in hours}
    return {start: reading for start, reading in readings.items() if start not in gone}


# R2: candidates


@pytest.mark.parametrize(
    ("exclusion", "outcome"),
    [
        (Exclusion.EVENT, DayOutcome.EVENT_DAY),
        (Exclusion.TEST, DayOutcome.TEST),
        (Exclusion.IDLE, DayOutcome.IDLE),
        (Exclusion.OUTAGE, DayOutcome.OUTAGE),
    ],
)
def test_an_extraordinary_day_is_left_out_with_its_reason(exclusion, outcome):
    history = examples.history(excluded={date(2026, 7, 21): exclusion})
    baseline = compute_baseline(examples.plan_for(THREE), history)
    assert outcomes(baseline)[date(2026, 7, 21)] is outcome
    assert date(2026, 7, 21) not in baseline.used_days


def test_the_strongest_reason_of_a_day_wins():
    start = examples.local(date(2026, 7, 9), 23)
    spans = [(start, start + 2 * HOUR, Exclusion.OUTAGE), (start - HOUR, start, Exclusion.EVENT)]
    assert exclusion_days(spans, ZONE) == {
        date(2026, 7, 9): Exclusion.OUTAGE,
        date(2026, 7, 10): Exclusion.OUTAGE,
    }
    assert exclusion_days(reversed(spans), ZONE) == exclusion_days(spans, ZONE)


@pytest.mark.parametrize("hour", [12, 14, 16, 17])
def test_a_missing_reading_in_event_or_window_refuses_the_day(hour):
    day = date(2026, 7, 20)
    history = examples.history(readings=without(examples.table(), day, [hour]))
    assert outcomes(compute_baseline(examples.plan_for(A1), history))[day] is DayOutcome.MISSING_READINGS


def test_a_missing_reading_between_window_and_event_does_not_matter():
    history = examples.history(readings=without(examples.table(), date(2026, 7, 20), [15]))
    assert outcomes(compute_baseline(examples.plan_for(A1), history))[date(2026, 7, 20)] is DayOutcome.USED


@pytest.mark.parametrize(("estimated", "outcome"), [(1, DayOutcome.USED), (2, DayOutcome.TOO_MANY_ESTIMATES)])
def test_a_fifth_of_estimates_is_the_most(estimated, outcome):
    day, readings = date(2026, 7, 20), steady(date(2026, 7, 1), examples.EVENT_DAY, 700)
    readings = change(readings, day, range(13, 13 + estimated), estimated=True)
    event = Event(examples.local(examples.EVENT_DAY, 13), examples.local(examples.EVENT_DAY, 18), ZONE)
    baseline = compute_baseline(make_plan(THREE, event, 60, frozenset()), MeterHistory(readings, 60))
    assert outcomes(baseline)[day] is outcome


def test_a_missing_reading_is_a_stronger_reason_than_estimates():
    day = date(2026, 7, 20)
    readings = without(change(examples.table(), day, [16, 17], estimated=True), day, [12])
    baseline = compute_baseline(examples.plan_for(A1), examples.history(readings=readings))
    assert outcomes(baseline)[day] is DayOutcome.MISSING_READINGS


def test_a_day_of_low_usage_is_left_out_and_replaced():
    day = date(2026, 7, 20)
    readings = change(examples.table(), day, [16, 17], energy_wh=300)
    baseline = compute_baseline(examples.plan_for(get_preset("high-four-of-five")), examples.history(readings=readings))
    assert outcomes(baseline)[day] is DayOutcome.LOW_USAGE
    assert {trace.day for trace in baseline.days if trace.kept} == set(july(21, 17, 16, 14, 13))


def test_low_usage_says_nothing_of_a_meter_that_feeds_the_grid():
    readings = {start: Reading(-reading.energy_wh) for start, reading in examples.table().items()}
    preset = replace(get_preset("high-four-of-five"), adjustment=None)
    baseline = compute_baseline(examples.plan_for(preset), examples.history(readings=readings))
    assert DayOutcome.LOW_USAGE not in outcomes(baseline).values()
    assert baseline.status is BaselineStatus.OK


def test_readings_are_asked_for_only_where_the_engine_looks():
    plan = examples.plan_for(A1)
    starts = plan.reading_starts(plan.pool_days(spare=2))
    needed = {start: reading for start, reading in examples.table().items() if start in set(starts)}
    partial = examples.history(readings=needed, loaded_from=plan.pool_days(spare=2)[-1].day)
    assert compute_baseline(plan, partial) == compute_baseline(plan, examples.history())
    assert starts == sorted(set(starts))
    assert len(starts) == 13 * (2 + 3)


def test_a_walk_beyond_the_fetched_days_is_refused_rather_than_guessed():
    with pytest.raises(HistoryNotLoaded, match="2026-07-08"):
        compute_baseline(examples.plan_for(A1), examples.history(loaded_from=date(2026, 7, 9)))


# R3: short history


def gaps(first, last, readings):
    """The readings without all hours of the local days from first to last."""
    return {
        start: reading for start, reading in readings.items() if not first <= intervals.local_day(start, ZONE) <= last
    }


def test_too_few_days_extend_the_walk_to_sixty_days():
    readings = gaps(date(2026, 6, 7), date(2026, 7, 16), steady(date(2026, 5, 1), examples.EVENT_DAY, 700))
    baseline = compute_baseline(examples.plan_for(A1), MeterHistory(readings, 60))
    assert baseline.status is BaselineStatus.OK
    assert Flag.LOOKBACK_EXTENDED in baseline.flags
    assert min(baseline.used_days) == date(2026, 5, 28)
    assert len(baseline.days) == 55


def test_enough_days_do_not_extend_the_walk():
    readings = gaps(date(2026, 6, 7), date(2026, 7, 14), steady(date(2026, 5, 1), examples.EVENT_DAY, 700))
    baseline = compute_baseline(examples.plan_for(A1), MeterHistory(readings, 60))
    assert baseline.used_days == july(21, 20, 17, 16, 15)
    assert baseline.flags == (Flag.POOL_SHORT,)
    assert len(baseline.days) == 45


def test_the_highest_event_days_fill_the_pool_up_to_the_minimum():
    readings = examples.table(since=date(2026, 7, 14))
    excluded = dict.fromkeys(july(15, 16, 17), Exclusion.EVENT)
    baseline = compute_baseline(examples.plan_for(A1), examples.history(readings=readings, excluded=excluded))
    assert baseline.used_days == july(21, 20, 17, 16, 14)
    assert [trace.day for trace in baseline.days if trace.event_day] == list(july(17, 16))
    assert Flag.EVENT_DAYS_TAKEN in baseline.flags


def test_an_outage_day_is_never_taken_back():
    readings = examples.table(since=date(2026, 7, 15))
    excluded = {date(2026, 7, 15): Exclusion.OUTAGE}
    baseline = compute_baseline(examples.plan_for(A1), examples.history(readings=readings, excluded=excluded))
    assert baseline.status is BaselineStatus.INSUFFICIENT_HISTORY


def test_the_three_day_rule_never_takes_event_days():
    excluded = dict.fromkeys(july(15, 16, 17), Exclusion.EVENT)
    history = examples.history(readings=examples.table(since=date(2026, 7, 15)), excluded=excluded)
    baseline = compute_baseline(examples.plan_for(THREE), history)
    assert baseline.status is BaselineStatus.INSUFFICIENT_HISTORY


# R6: adjustment


def test_a_ratio_is_clamped_and_its_raw_value_kept():
    readings = change(examples.table(), examples.EVENT_DAY, [12, 13, 14], energy_wh=5000)
    baseline = compute_baseline(examples.plan_for(A1), examples.history(readings=readings))
    assert baseline.adjustment_applied == Fraction(6, 5)
    assert baseline.adjustment_raw == Fraction(15000, 3255)
    assert Flag.ADJUSTMENT_CLAMPED in baseline.flags
    assert [slot.baseline_wh for slot in baseline.slots] == [2460, 2700]


def test_an_addition_is_clamped_slot_by_slot():
    readings = change(examples.table(), examples.EVENT_DAY, [12, 13, 14], energy_wh=1515)
    plan = examples.plan_for(get_preset("ten-in-ten-additive-20"))
    baseline = compute_baseline(plan, examples.history(readings=readings))
    assert baseline.adjustment_raw == 430
    assert [slot.adjusted_wh for slot in baseline.slots] == [2050 + 410, 2250 + 430]
    assert baseline.adjustment_applied == 420
    assert Flag.ADJUSTMENT_CLAMPED in baseline.flags


def test_an_addition_without_bound_stops_at_zero():
    readings = steady(date(2026, 7, 1), examples.EVENT_DAY, 1000)
    readings = change(readings, examples.EVENT_DAY, [12, 13, 14], energy_wh=-9000)
    plan = examples.plan_for(get_preset("high-four-of-five"))
    baseline = compute_baseline(plan, MeterHistory(readings, 60))
    assert [slot.baseline_wh for slot in baseline.slots] == [0, 0]


@pytest.mark.parametrize("preset", [A1, get_preset("ten-in-ten-additive-20")])
def test_an_incomplete_window_leaves_the_baseline_as_it_is(preset):
    history = examples.history(readings=without(examples.table(), examples.EVENT_DAY, [13]))
    baseline = compute_baseline(examples.plan_for(preset), history)
    assert baseline.flags == (Flag.WINDOW_INCOMPLETE,)
    assert baseline.adjustment_raw is None
    assert [slot.baseline_wh for slot in baseline.slots] == [2050, 2250]


def test_a_window_without_usual_use_leaves_the_baseline_as_it_is():
    readings = examples.table()
    for day in {intervals.local_day(start, ZONE) for start in readings} - {examples.EVENT_DAY}:
        readings = change(readings, day, [12, 13, 14], energy_wh=0)
    baseline = compute_baseline(examples.plan_for(A1), examples.history(readings=readings))
    assert baseline.flags == (Flag.WINDOW_BASELINE_NOT_POSITIVE,)
    assert baseline.adjustment_applied == 1


def test_the_window_moves_before_a_notice_of_the_same_day():
    notice = examples.local(examples.EVENT_DAY, 14) - timedelta(minutes=20)
    plan = examples.plan_for(A1, notice_at=notice)
    assert plan.window == tuple(examples.local(examples.EVENT_DAY, hour) for hour in (10, 11, 12))
    assert plan.flags == (Flag.WINDOW_MOVED_BEFORE_NOTICE,)


@pytest.mark.parametrize("notice", [examples.local(date(2026, 7, 21), 9), examples.local(examples.EVENT_DAY, 15)])
def test_an_early_or_late_notice_leaves_the_window_alone(notice):
    assert examples.plan_for(A1, notice_at=notice) == replace(
        examples.plan_for(A1), event=examples.event(notice_at=notice)
    )


# R7 and R9: rounding, missing and estimated actuals


def test_rounding_is_half_up_once_per_slot_or_not_at_all():
    readings = steady(date(2026, 7, 1), examples.EVENT_DAY, 1000)
    readings[examples.local(date(2026, 7, 21), 16)] = Reading(1001)
    readings[examples.local(date(2026, 7, 20), 17)] = Reading(1005)
    history = MeterHistory(readings, 60)
    exact = compute_baseline(examples.plan_for(THREE), history)
    rounded = compute_baseline(examples.plan_for(get_preset("ten-in-ten")), history)
    assert [slot.baseline_wh for slot in exact.slots] == [Fraction(3001, 3), Fraction(3005, 3)]
    assert [slot.adjusted_wh for slot in rounded.slots] == [Fraction(10001, 10), Fraction(2001, 2)]
    assert [slot.baseline_wh for slot in rounded.slots] == [1000, 1001]


def test_missing_actuals_are_pending_until_the_deadline_and_then_unmeasured():
    deadline = utc("2026-07-25T00:00")
    plan = examples.plan_for(THREE, data_deadline=deadline)
    history = examples.history(readings=without(examples.table(), examples.EVENT_DAY, [17]))
    late = compute_baseline(plan, history, as_of=deadline)
    assert compute_baseline(plan, history).status is BaselineStatus.DATA_PENDING
    assert compute_baseline(plan, history, as_of=deadline - HOUR).status is BaselineStatus.DATA_PENDING
    assert late.status is BaselineStatus.UNMEASURED
    assert [slot.delta_wh for slot in late.slots] == [500, None]
    assert (late.actual_wh, late.baseline_wh, late.counted_deltas_wh) == (None, 4200, ())


@pytest.mark.parametrize(("worth", "counted"), [(EstimatedSlots.EARN_NOTHING, 500), (EstimatedSlots.COUNT, 1100)])
def test_an_estimated_reading_of_the_event_earns_nothing_by_default(worth, counted):
    readings = change(examples.table(), examples.EVENT_DAY, [17], estimated=True)
    plan = examples.plan_for(replace(THREE, estimated_slots=worth))
    baseline = compute_baseline(plan, examples.history(readings=readings))
    assert sum(baseline.counted_deltas_wh) == counted
    assert baseline.flags == (Flag.ESTIMATED_EVENT_READINGS,)


# Misuse


def test_an_event_off_the_meters_grid_is_refused():
    start = examples.local(examples.EVENT_DAY, 16)
    with pytest.raises(InvalidEvent, match="60-minute interval"):
        make_plan(THREE, Event(start + HOUR / 2, start + HOUR, ZONE), 60, frozenset())
    with pytest.raises(InvalidEvent, match="whole 60-minute"):
        make_plan(THREE, Event(start, start + HOUR * 1.5, ZONE), 60, frozenset())


@pytest.mark.parametrize("hours", [-1, 0, 25])
def test_an_event_of_impossible_length_is_refused(hours):
    start = examples.local(examples.EVENT_DAY, 16)
    with pytest.raises(InvalidEvent, match="at most 24 hours"):
        Event(start, start + hours * HOUR, ZONE)


@pytest.mark.parametrize("start", [datetime(2026, 7, 22, 16), datetime(2026, 7, 22, 16, tzinfo=ZONE)])  # noqa: DTZ001
def test_an_event_outside_utc_is_refused(start):
    with pytest.raises(InvalidEvent, match="not in UTC"):
        Event(start, start + HOUR, ZONE)


@pytest.mark.parametrize(
    ("start", "energy"),
    [(datetime(2026, 7, 22, 16), 5), (utc("2026-07-22T16:00"), 5.0), (utc("2026-07-22T16:00"), True)],  # noqa: DTZ001
)
def test_readings_are_whole_wh_at_aware_times(start, energy):
    with pytest.raises(InvalidHistory):
        MeterHistory({start: Reading(energy)}, 60)


def test_a_meter_of_another_interval_is_refused():
    with pytest.raises(InvalidHistory, match="30-minute"):
        compute_baseline(examples.plan_for(THREE), examples.history(minutes=30))
