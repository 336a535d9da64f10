"""Rule R1: local days, clock changes, events past midnight and kinds of days."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from common import intervals
from settlement.baselines import (
    BaselineStatus,
    DayOutcome,
    DayType,
    Event,
    Exclusion,
    MeterHistory,
    Reading,
    compute_baseline,
    day_type,
    get_preset,
    make_plan,
)
from settlement.baselines.presets import Weekend
from settlement.tests import baseline_examples as examples
from settlement.tests.baseline_examples import HOUR, ZONE, july, steady

A1 = get_preset("ten-in-ten-ratio-20")
THREE = get_preset("three-day")
ATHENS = ZoneInfo("Europe/Athens")


def outcomes(baseline):
    return {trace.day: trace.outcome for trace in baseline.days}


def test_a_skipped_hour_leaves_the_mean_and_a_repeated_one_is_averaged():
    preset = replace(get_preset("ten-in-ten"), business=THREE.business, weekend=THREE.weekend)
    spring, event_day = date(2026, 3, 8), date(2026, 3, 14)
    event = Event(examples.local(event_day, 1), examples.local(event_day, 3), ZONE)
    readings = steady(date(2026, 2, 20), event_day, 900)
    readings[examples.local(spring, 1)] = Reading(300)
    baseline = compute_baseline(make_plan(preset, event, 60, frozenset()), MeterHistory(readings, 60))
    assert baseline.used_days == (spring, date(2026, 3, 7), date(2026, 3, 1))
    assert [slot.baseline_wh for slot in baseline.slots] == [700, 900]
    assert [trace.mean_wh for trace in baseline.days if trace.day == spring] == [300]


def test_a_repeated_hour_of_a_pool_day_is_averaged():
    event_day, autumn = date(2026, 11, 7), date(2026, 11, 1)
    event = Event(examples.local(event_day, 1), examples.local(event_day, 2), ZONE)
    readings = steady(date(2026, 10, 20), event_day, 900)
    first, second = intervals.starts_of_clock(autumn, 60, ZONE)
    readings |= {first: Reading(100), second: Reading(203)}
    baseline = compute_baseline(make_plan(THREE, event, 60, frozenset()), MeterHistory(readings, 60))
    assert baseline.used_days[0] == autumn
    assert baseline.slots[0].baseline_wh == (Fraction(303, 2) + 900 + 900) / 3


def test_an_event_through_the_repeated_hour_has_both_its_slots():
    autumn = date(2026, 11, 1)
    first, second = intervals.starts_of_clock(autumn, 60, ZONE)
    plan = make_plan(THREE, Event(first, second + HOUR, ZONE), 60, frozenset())
    baseline = compute_baseline(plan, MeterHistory(steady(date(2026, 10, 1), autumn, 500), 60))
    assert [slot.start for slot in baseline.slots] == [first, second]
    assert baseline.event.hours == 2
    assert [slot.baseline_wh for slot in baseline.slots] == [500, 500]


def test_a_day_without_any_hour_of_the_event_is_refused():
    event_day = date(2026, 3, 14)
    event = Event(examples.local(event_day, 2), examples.local(event_day, 3), ZONE)
    history = MeterHistory(steady(date(2026, 2, 20), event_day, 900), 60)
    baseline = compute_baseline(make_plan(THREE, event, 60, frozenset()), history)
    assert outcomes(baseline)[date(2026, 3, 8)] is DayOutcome.NO_SUCH_HOUR
    assert baseline.status is BaselineStatus.OK


def test_the_same_clock_time_is_matched_across_a_clock_change():
    event_day = date(2026, 3, 31)  # Athens moved its clocks on Sunday the 29th
    event = Event(examples.local(event_day, 16, ATHENS), examples.local(event_day, 17, ATHENS), ATHENS)
    plan = make_plan(THREE, event, 60, frozenset())
    assert [planned.slots[0][0].hour for planned in plan.pool_days()] == [13, 14, 14]


def test_an_event_past_midnight_reads_the_next_morning_of_each_day():
    start = examples.local(date(2026, 7, 21), 23)
    event = Event(start, start + 2 * HOUR, ZONE)
    readings = steady(date(2026, 7, 10), date(2026, 7, 22), 400)
    readings[examples.local(date(2026, 7, 21), 0)] = Reading(1000)
    history = MeterHistory(readings, 60, {date(2026, 7, 21): Exclusion.EVENT})
    baseline = compute_baseline(make_plan(THREE, event, 60, frozenset()), history)
    assert baseline.used_days == july(20, 17, 16)
    assert [slot.baseline_wh for slot in baseline.slots] == [400, 600]


@pytest.mark.parametrize(
    ("day", "weekends", "kind"),
    [
        (date(2026, 7, 3), Weekend.TOGETHER, DayType.NON_BUSINESS),
        (date(2026, 7, 3), Weekend.APART, DayType.SUNDAY),
        (date(2026, 7, 4), Weekend.APART, DayType.SATURDAY),
        (date(2026, 7, 5), Weekend.APART, DayType.SUNDAY),
        (date(2026, 7, 6), Weekend.APART, DayType.BUSINESS),
    ],
)
def test_kinds_of_days(day, weekends, kind):
    assert day_type(day, examples.HOLIDAYS, weekends) is kind


def test_a_weekend_event_uses_weekend_days():
    event = Event(examples.local(date(2026, 7, 18), 16), examples.local(date(2026, 7, 18), 18), ZONE)
    history = MeterHistory(steady(date(2026, 6, 1), date(2026, 7, 18), 800), 60)
    ten = compute_baseline(make_plan(A1, event, 60, examples.HOLIDAYS), history)
    assert ten.used_days == july(12, 11, 5, 4)
    assert outcomes(ten)[date(2026, 7, 17)] is DayOutcome.OTHER_DAY_TYPE
    apart = compute_baseline(make_plan(get_preset("high-four-of-five"), event, 60, frozenset()), history)
    assert apart.used_days == (*july(11, 4),)
    assert apart.day_type is DayType.SATURDAY


def test_weekend_weights_go_by_rank():
    event = Event(examples.local(date(2026, 7, 18), 16), examples.local(date(2026, 7, 18), 17), ZONE)
    readings = steady(date(2026, 6, 20), date(2026, 7, 18), 100)
    for day, wh in zip((*july(12, 11, 5, 4), date(2026, 6, 28)), (1000, 3000, 2000, 10, 20), strict=True):
        readings[examples.local(day, 16)] = Reading(wh)
    preset = replace(get_preset("five-in-ten"), adjustment=None)
    baseline = compute_baseline(make_plan(preset, event, 60, frozenset()), MeterHistory(readings, 60))
    assert baseline.used_days == july(11, 5, 12)
    assert baseline.slots[0].baseline_wh == 3000 // 2 + 2000 * 3 // 10 + 1000 // 5
