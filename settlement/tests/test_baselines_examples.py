"""Why the days of the worked examples were used or not; their numbers are in test_worked_examples.py."""

from datetime import date
from decimal import Decimal

import pytest

from settlement.baselines import (
    BaselineStatus,
    CapacityTerms,
    DayOutcome,
    RewardStatus,
    compute_baseline,
    compute_reward,
    get_preset,
)
from settlement.tests import baseline_examples as examples
from settlement.tests.baseline_examples import A1, MIDDLE_PLAIN, july


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
