"""Rewards: caps, floors, nominations and the one rounding to the cent."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from settlement.baselines import (
    BaselineError,
    CapacityTerms,
    Floor,
    InvalidTerms,
    Reading,
    RewardStatus,
    baseline_data,
    canonical_json,
    capacity_credit,
    capacity_factor,
    compute_baseline,
    compute_reward,
    energy_credit,
    get_preset,
    points,
    reservation_credit,
    reward_data,
)
from settlement.tests import baseline_examples as examples
from settlement.tests.baseline_examples import HOUR

TERMS = CapacityTerms(rate_per_kw=Decimal("2.80"), wholesale_cost_per_kw=Decimal("10.35"))
EVENT_HOURS = (16, 17)


def baseline(first=1500, second=1600, estimated=False):
    """The three-day baseline 2000, 2200 Wh with these actuals; its event lasts two hours."""
    readings = examples.table()
    for hour, wh in zip(EVENT_HOURS, (first, second), strict=True):
        readings[examples.local(examples.EVENT_DAY, hour)] = Reading(wh, estimated)
    return compute_baseline(examples.plan_for(get_preset("three-day")), examples.history(readings=readings))


def test_the_mean_kw_over_the_event_is_paid_once():
    reward = compute_reward(baseline(), TERMS, 1)
    assert (reward.performance_wh, reward.performance_kw) == (1100, Fraction(11, 20))
    assert reward.performance_factor == Fraction(11, 20)
    assert (str(reward.credit), str(reward.demand_savings)) == ("1.54", "5.69")


def test_a_nomination_caps_the_credit_but_not_the_demand_savings():
    reward = compute_reward(baseline(), TERMS, Decimal("0.5"))
    assert reward.performance_factor == Fraction(11, 10)
    assert (str(reward.credit), str(reward.demand_savings)) == ("1.40", "5.69")


def test_a_factor_of_exactly_one_is_paid_in_full():
    assert str(compute_reward(baseline(), TERMS, Fraction(11, 20)).credit) == "1.54"


def test_more_use_than_usual_costs_nothing_and_is_reported_signed():
    reward = compute_reward(baseline(3000, 3000), TERMS, 1)
    assert (reward.performance_wh, reward.performance_factor) == (-1800, Fraction(-9, 10))
    assert (reward.delivered_wh, reward.delivered_kw) == (0, 0)
    assert (str(reward.credit), str(reward.demand_savings)) == ("0.00", "0.00")
    assert reward.status is RewardStatus.OK


@pytest.mark.parametrize(("floor", "wh"), [(Floor.EVENT, 200), (Floor.INTERVAL, 500)])
def test_the_floor_per_interval_drops_negative_intervals(floor, wh):
    reward = compute_reward(baseline(1500, 2500), replace(TERMS, floor=floor), 1)
    assert reward.performance_wh == wh


@pytest.mark.parametrize("nomination", [None, 0, Decimal("0.0")])
def test_without_a_nomination_the_performance_is_reported_and_nothing_paid(nomination):
    reward = compute_reward(baseline(), TERMS, nomination)
    assert reward.status is RewardStatus.NO_NOMINATION
    assert (reward.performance_kw, reward.performance_factor) == (Fraction(11, 20), None)
    assert (str(reward.credit), str(reward.demand_savings)) == ("0.00", "5.69")


def test_estimated_readings_of_the_event_are_not_paid():
    reward = compute_reward(baseline(estimated=True), TERMS, 1)
    assert (reward.performance_wh, str(reward.credit)) == (0, "0.00")


def test_what_is_not_measured_is_neither_paid_nor_held_against_anyone():
    readings = examples.table()
    del readings[examples.local(examples.EVENT_DAY, 17)]
    plan = examples.plan_for(get_preset("three-day"), data_deadline=examples.local(examples.EVENT_DAY, 20))
    history = examples.history(readings=readings)
    for as_of, status in [(None, "DATA_PENDING"), (plan.event.data_deadline + HOUR, "UNMEASURED")]:
        reward = compute_reward(compute_baseline(plan, history, as_of), TERMS, 1)
        assert reward.status is RewardStatus(status)
        assert reward.performance_wh is None
        assert (str(reward.credit), str(reward.demand_savings)) == ("0.00", "0.00")


def test_a_currency_without_cents_is_rounded_to_its_unit():
    reward = compute_reward(baseline(), replace(TERMS, rate_per_kw=Decimal(500), places=0), 1)
    assert str(reward.credit) == "275"


@pytest.mark.parametrize(
    "call",
    [
        lambda: compute_reward(baseline(), TERMS, -1),
        lambda: CapacityTerms(Decimal("-0.01")),
        lambda: CapacityTerms(Decimal(1), Decimal(-1)),
        lambda: energy_credit([Fraction(1)], Decimal(-1)),
        lambda: capacity_credit(1, -1, Decimal(1)),
        lambda: capacity_factor([], 100),
        lambda: capacity_factor([(1, 5)], 0),
    ],
)
def test_impossible_terms_are_refused(call):
    with pytest.raises(InvalidTerms) as caught:
        call()
    assert isinstance(caught.value, BaselineError)


@pytest.mark.parametrize("nomination", [1.0, True, "1"])
def test_an_inexact_nomination_is_refused(nomination):
    with pytest.raises(TypeError, match="exact number"):
        compute_reward(baseline(), TERMS, nomination)


def test_points_and_reservations_stay_within_their_bounds():
    assert points(-5000, 100) == 0
    assert str(reservation_credit(100, Decimal("18.00"), Fraction(3, 2))) == "1800.00"
    assert str(reservation_credit(100, Decimal("18.00"), Fraction(-1, 2))) == "0.00"


def test_the_stored_form_has_no_float_and_says_everything():
    result = baseline()
    data = baseline_data(result)
    assert data["slots"][0] == {
        "start": "2026-07-22T23:00:00Z",
        "unadjusted_wh": "2000/1",
        "adjusted_wh": "2000/1",
        "baseline_wh": "2000/1",
        "actual_wh": 1500,
        "estimated": False,
        "counts": True,
    }
    assert data["days"][0] == {
        "day": "2026-07-21",
        "outcome": "USED",
        "mean_wh": "2100/1",
        "rank": 1,
        "weight": "1/3",
        "event_day": False,
    }
    assert reward_data(compute_reward(result, TERMS, 1))["credit"] == "1.54"
    assert "." not in canonical_json(data)
