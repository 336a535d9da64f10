"""The hand-worked examples: every number can be checked on paper."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from settlement.baselines import (
    BaselineStatus,
    CapacityTerms,
    DayOutcome,
    Floor,
    Reading,
    RewardStatus,
    capacity_factor,
    compute_baseline,
    compute_reward,
    correction,
    energy_credit,
    get_preset,
    points,
    reservation_credit,
)
from settlement.tests import baseline_examples as examples
from settlement.tests.baseline_examples import july

MIDDLE_PLAIN = replace(get_preset("middle-eight-of-ten"), adjustment=None)
A1 = get_preset("ten-in-ten-ratio-20")


@pytest.mark.parametrize(
    ("preset", "used", "unadjusted", "applied", "settled", "delivered"),
    [
        pytest.param(
            A1,
            july(21, 20, 17, 16, 14, 13, 10, 8, 7, 6),
            (2050, 2250),
            Fraction(260, 217),
            (2456, 2696),
            2052,
            id="A1",
        ),
        pytest.param(
            get_preset("five-in-ten"),
            july(6, 10, 17, 14, 21),
            (2300, 2500),
            Fraction(10, 9),
            (2556, 2778),
            2234,
            id="A2",
        ),
        pytest.param(
            get_preset("high-four-of-five"),
            july(17, 14, 21, 20),
            (2025, 2225),
            Fraction(200),
            (2225, 2425),
            1550,
            id="A3",
        ),
        pytest.param(
            get_preset("weather-sensitive-five-of-ten"),
            july(6, 10, 17, 14, 7),
            (2300, 2500),
            Fraction(125, 112),
            (2567, 2790),
            2257,
            id="A4",
        ),
        pytest.param(
            MIDDLE_PLAIN,
            july(10, 17, 14, 21, 7, 13, 20, 8),
            (2000, 2200),
            None,
            (2000, 2200),
            1100,
            id="A5",
        ),
        pytest.param(get_preset("three-day"), july(21, 20, 17), (2000, 2200), None, (2000, 2200), 1100, id="V3"),
    ],
)
def test_worked_example(preset, used, unadjusted, applied, settled, delivered):
    baseline = compute_baseline(examples.plan_for(preset), examples.history())
    assert baseline.status is BaselineStatus.OK
    assert baseline.used_days == used
    assert tuple(slot.unadjusted_wh for slot in baseline.slots) == unadjusted
    assert baseline.adjustment_applied == applied
    assert tuple(slot.baseline_wh for slot in baseline.slots) == settled
    assert sum(baseline.counted_deltas_wh) == delivered
    assert baseline.actual_wh == 3100


def test_every_visited_day_of_a1_has_its_reason():
    baseline = compute_baseline(examples.plan_for(A1), examples.history())
    reasons = {trace.day: trace.outcome for trace in baseline.days}
    assert [trace.day for trace in baseline.days] == list(july(*range(21, 5, -1)))
    assert {day.day for day, why in reasons.items() if why is DayOutcome.WEEKEND} == {19, 18, 12, 11}
    assert {day.day for day, why in reasons.items() if why is DayOutcome.EVENT_DAY} == {15, 9}
    assert sum(why is DayOutcome.USED for why in reasons.values()) == 10


def test_a4_skips_the_day_before_and_passes_the_holiday():
    plan = examples.plan_for(get_preset("weather-sensitive-five-of-ten"))
    reasons = {trace.day: trace.outcome for trace in compute_baseline(plan, examples.history()).days}
    assert reasons[date(2026, 7, 21)] is DayOutcome.SKIPPED_BY_NOTICE
    assert reasons[date(2026, 7, 3)] is DayOutcome.HOLIDAY
    assert reasons[date(2026, 7, 2)] is DayOutcome.NOT_SELECTED


def test_a5_drops_the_highest_and_the_lowest_day():
    baseline = compute_baseline(examples.plan_for(MIDDLE_PLAIN), examples.history())
    dropped = {trace.day for trace in baseline.days if trace.outcome is DayOutcome.NOT_SELECTED}
    assert dropped == set(july(6, 16))


@pytest.mark.parametrize("preset", [A1, get_preset("five-in-ten"), get_preset("high-four-of-five")])
def test_a7_four_days_are_an_insufficient_history_without_pay_or_penalty(preset):
    history = examples.history(readings=examples.table(since=date(2026, 7, 16)))
    baseline = compute_baseline(examples.plan_for(preset), history)
    reward = compute_reward(baseline, CapacityTerms(Decimal("2.80")), 1)
    assert baseline.status is BaselineStatus.INSUFFICIENT_HISTORY
    assert baseline.slots == ()
    assert [trace.day for trace in baseline.days if trace.outcome is DayOutcome.KEPT] == [*july(21, 20, 17, 16)]
    assert reward.status is RewardStatus.INSUFFICIENT_HISTORY
    assert (str(reward.credit), str(reward.demand_savings)) == ("0.00", "0.00")


def test_the_three_day_rule_is_content_with_the_history_of_a7():
    history = examples.history(readings=examples.table(since=date(2026, 7, 16)))
    baseline = compute_baseline(examples.plan_for(get_preset("three-day")), history)
    assert baseline.status is BaselineStatus.OK


def test_b1_pays_per_kwh_and_rounds_points_down():
    baseline = compute_baseline(examples.plan_for(A1), examples.history())
    assert str(energy_credit(baseline.counted_deltas_wh, Decimal("2.00"))) == "4.10"
    assert points(sum(baseline.counted_deltas_wh), 100) == 205


@pytest.mark.parametrize(("floor", "credit"), [(Floor.EVENT, "0.40"), (Floor.INTERVAL, "1.20")])
def test_b2_floors_per_event_or_per_interval(floor, credit):
    assert str(energy_credit([Fraction(600), Fraction(-400)], Decimal("2.00"), floor)) == credit


def test_b3_pays_a_reservation_by_its_exact_factor():
    factor = capacity_factor([(2, 95), (4, 60)], 100)
    assert factor == Fraction(43, 60)
    assert str(reservation_credit(100, Decimal("18.00"), factor)) == "1290.00"
    assert str(energy_credit([Fraction(2 * 95_000), Fraction(4 * 60_000)], Decimal("1.00"))) == "430.00"


def test_b6_corrects_a_restated_reading_by_the_difference():
    readings = examples.table()
    readings[examples.local(examples.EVENT_DAY, 17)] = Reading(1900)
    before = compute_baseline(examples.plan_for(A1), examples.history()).counted_deltas_wh
    after = compute_baseline(examples.plan_for(A1), examples.history(readings=readings)).counted_deltas_wh
    assert (sum(before), sum(after)) == (2052, 1752)
    paid, due = (energy_credit(deltas, Decimal("2.00")) for deltas in (before, after))
    assert (str(paid), str(due), str(correction(paid, due))) == ("4.10", "3.50", "-0.60")
