"""Many ordinary meters at once say to the letter what `compute_baseline` and `compute_reward` say of each."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.money import fraction_text, half_up
from settlement.baselines import (
    PRESETS,
    CapacityTerms,
    Event,
    Exclusion,
    Floor,
    MeterHistory,
    Method,
    Reading,
    baseline_data,
    compute_baseline,
    compute_reward,
    make_plan,
)
from settlement.baselines.many import LARGEST_WH, Energies, baseline_of, plain_pattern, quick_baselines
from settlement.baselines.model import DayOutcome
from settlement.baselines.packed import LETTERS, PACKED_KEYS, common_data, opened_data, pack, pack_quick
from settlement.baselines.pay import PayCap, PayTerms, pay
from settlement.baselines.quick_pay import quick_pay, quick_pay_terms, quick_reward, quick_terms

ZONE = ZoneInfo("America/New_York")
HOLIDAYS = frozenset({date(2026, 7, 3)})
# A Wednesday and a Saturday, 16:00 to 18:00.
EVENTS = [
    Event(datetime(2026, 7, day, 20, tzinfo=UTC), datetime(2026, 7, day, 22, tzinfo=UTC), ZONE) for day in (22, 25)
]
BY_DAYS = sorted(name for name, preset in PRESETS.items() if preset.method is Method.DAY_MATCHING)
WH = st.one_of(st.integers(-3_000, 90_000), st.integers(0, 6), st.sampled_from([LARGEST_WH, -LARGEST_WH]))
KW = st.one_of(st.none(), st.decimals(0, 100, places=3))

PLANS = {
    (name, place): make_plan(PRESETS[name], event, 60, HOLIDAYS)
    for name in BY_DAYS
    for place, event in enumerate(EVENTS)
}


def energies_of(plan, pattern, readings):
    """The readings of one meter as matrices of one row."""

    def rows(groups):
        return [readings[start].energy_wh for (start,) in groups]

    def matrix(values, *shape):
        return np.array(values, np.int64).reshape(1, *shape)

    days = len(pattern.pool)
    return Energies(
        matrix([rows(planned.slots) for planned in pattern.pool], days, len(plan.slots)),
        matrix([rows(planned.window) for planned in pattern.pool], days, len(plan.window)),
        matrix([readings[start].energy_wh for start in plan.slots], len(plan.slots)),
        matrix([readings[start].energy_wh for start in plan.window], len(plan.window)),
    )


@st.composite
def meters(draw, name):
    plan = PLANS[name, draw(st.integers(0, 1))]
    excluded = draw(
        st.dictionaries(
            st.sampled_from([planned.day for planned in plan.days[:12]]), st.sampled_from(Exclusion), max_size=3
        )
    )
    starts = plan.reading_starts([planned for planned in plan.days if planned.refused is None])
    few = draw(st.lists(WH, min_size=1, max_size=60))
    readings = {start: Reading(few[place * 7 % len(few)]) for place, start in enumerate(starts)}
    spoiled = plan.window[:1] if draw(st.booleans()) else ()
    return plan, excluded, dict.fromkeys(spoiled, Exclusion.EVENT), readings


@pytest.mark.parametrize("name", BY_DAYS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_whole_numbers_give_the_exact_baseline_reward_and_trace(name, data):
    plan, excluded, not_usual, readings = data.draw(meters(name))
    exact = compute_baseline(plan, MeterHistory(readings, plan.minutes, excluded, not_usual))
    pattern = plain_pattern(plan, excluded, usual_window=not not_usual)
    assert pattern is not None
    (quick,) = quick_baselines(plan, pattern, energies_of(plan, pattern, readings))
    full, common = baseline_data(exact), common_data(plan.preset, plan.event, HOLIDAYS)
    assert opened_data(pack(full), common) == full
    if quick is None:
        assert any(trace.outcome is DayOutcome.LOW_USAGE for trace in exact.days)
        return
    assert baseline_of(plan, quick) == exact
    packed = pack_quick(plan, quick)
    assert packed == pack(full)
    assert set(packed) <= PACKED_KEYS
    rate, wholesale = data.draw(st.tuples(st.decimals(0, 50, places=4), st.decimals(0, 50, places=4)))
    terms = CapacityTerms(rate, wholesale, data.draw(st.sampled_from(Floor)))
    kw = data.draw(KW)
    reward = compute_reward(exact, terms, kw)
    ratio = None if kw is None else Fraction(kw).as_integer_ratio()
    ours = quick_reward(quick, quick_terms(terms, plan.event), ratio)
    assert (ours.status, ours.credit, ours.demand_savings) == (reward.status, reward.credit, reward.demand_savings)
    assert (str(ours.credit), str(ours.demand_savings)) == (str(reward.credit), str(reward.demand_savings))
    assert Fraction(*ours.performance_wh) == reward.performance_wh
    assert "{}/{}".format(*ours.performance_wh) == fraction_text(reward.performance_wh)
    factor = None if ours.performance_factor is None else "{}/{}".format(*ours.performance_factor)
    assert factor == (None if reward.performance_factor is None else fraction_text(reward.performance_factor))
    assert ours.delivered_wh == half_up(reward.delivered_wh)
    _same_pay(data.draw(pay_terms(terms)), exact, reward, ours, ratio)


@st.composite
def pay_terms(draw, terms):
    """Terms that pay kW, kWh and points, in any mixture that is not plain."""
    price, count = draw(st.tuples(st.decimals(0, 9, places=4), st.integers(0, 500)))
    cap = draw(st.sampled_from([PayCap.UP_TO_NOMINATION, PayCap.EXPORTS_ALLOWED]))
    rate = draw(st.sampled_from([terms.rate_per_kw, Decimal(0)]))
    paid = PayTerms(rate, price, points_per_kwh=count, floor=terms.floor, pay_cap=cap)
    return paid if not paid.is_plain else replace(paid, points_per_kwh=1)


def _same_pay(terms, baseline, reward, quick, ratio):
    exact = pay(baseline, reward, terms)
    whole = quick_pay_terms(terms)
    assert whole is not None
    ours = quick_pay(quick, whole, baseline.event.hours.as_integer_ratio(), ratio)
    assert (ours.status, ours.points) == (exact.status, exact.points)
    assert [line.data() for line in ours.lines] == [line.data() for line in exact.lines]


def test_terms_that_need_more_than_the_reward_are_not_paid_in_whole_numbers():
    assert quick_pay_terms(PayTerms(rate_per_kwh=Decimal(1))) is not None
    others = [
        {"flat_per_event": Decimal(1)}, {"threshold_amount": Decimal(1)}, {"bonus_amount": Decimal(1)},
        {"penalty_per_kw": Decimal(1)}, {"cap_per_event": Decimal(0)}, {"cap_per_season": Decimal(0)},
        {"pay_cap": PayCap.UP_TO_SITE_LOAD},
    ]  # fmt: skip
    assert [quick_pay_terms(PayTerms(**other)) for other in others] == [None] * len(others)


@pytest.mark.parametrize("name", BY_DAYS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_any_baseline_comes_out_of_the_packed_form_as_it_went_in(name, data):
    plan, excluded, not_usual, readings = data.draw(meters(name))
    starts = sorted(readings)
    for start in data.draw(st.lists(st.sampled_from(starts), max_size=8)):
        readings[start] = Reading(readings[start].energy_wh, estimated=True)
    for start in data.draw(st.lists(st.sampled_from(starts), max_size=30, unique=True)):
        del readings[start]
    full = baseline_data(compute_baseline(plan, MeterHistory(readings, plan.minutes, excluded, not_usual)))
    assert opened_data(pack(full), common_data(plan.preset, plan.event, HOLIDAYS)) == full


def test_a_meter_with_too_few_days_or_a_clock_change_is_not_ordinary():
    plan = PLANS["three-day", 0]
    every_day = {planned.day: Exclusion.OUTAGE for planned in plan.days}
    assert plain_pattern(plan, every_day) is None
    night = Event(datetime(2026, 3, 9, 6, tzinfo=UTC), datetime(2026, 3, 9, 8, tzinfo=UTC), ZONE)
    sunday = make_plan(PRESETS["three-day"], night, 60, frozenset({night.day}))
    assert plain_pattern(sunday, {}) is None


def test_every_outcome_of_a_day_has_a_letter_of_its_own():
    assert set(LETTERS) == set(DayOutcome)
    assert len({letter.upper() for letter in LETTERS.values()}) == len(DayOutcome)
