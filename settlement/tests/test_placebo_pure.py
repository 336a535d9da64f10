"""The placebo audit on arrays: held to the exact engine, by hand, and by properties."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.baselines import (
    PRESETS,
    BaselineStatus,
    Event,
    Exclusion,
    MeterHistory,
    Method,
    Reading,
    compute_baseline,
    get_preset,
    make_plan,
)
from settlement.placebo import Hours, Load, Measurements, Verdict, audit, baseline_wh, figures, measured, ordinary_days
from settlement.placebo.score import Draws, sums

FIRST = date(2026, 4, 1)
DAY = timedelta(days=1)
RULES = [name for name, preset in PRESETS.items() if preset.method is Method.DAY_MATCHING]
HOLIDAYS = frozenset({date(2026, 5, 25)})


def random_load(seed, days=75, meters=3):
    """Meters with missing, estimated and extraordinary days here and there; whole Wh, half hours."""
    random = np.random.default_rng(seed)
    energy = random.integers(0, 2000, (meters, days, 48)).astype(float)
    energy[1] *= random.integers(0, 2, (days, 1))
    energy[random.random(energy.shape) < 0.002] = np.nan
    estimated = random.random(energy.shape) < 0.02
    excluded = random.random(energy.shape[:2]) < 0.05
    return Load(FIRST, energy, estimated & ~np.isnan(energy), excluded, np.ones((days, 48), bool))


def exact(preset, load, row, hours):
    """What the engine says of the same meter and hours, in UTC."""
    start = datetime(hours.day.year, hours.day.month, hours.day.day, tzinfo=UTC) + timedelta(minutes=hours.start_minute)
    event = Event(start, start + timedelta(minutes=hours.minutes), UTC)
    begin = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    flat, guessed = load.energy[row].ravel(), load.estimated[row].ravel()
    readings = {
        begin + place * timedelta(minutes=load.minutes): Reading(int(wh), bool(guessed[place]))
        for place, wh in enumerate(flat)
        if not np.isnan(wh)
    }
    excluded = {load.day(int(at)): Exclusion.OUTAGE for at in np.flatnonzero(load.excluded[row])}
    history = MeterHistory(readings, load.minutes, excluded)
    return compute_baseline(make_plan(preset, event, load.minutes, HOLIDAYS), history)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(3))
def test_arrays_and_the_exact_engine_say_the_same(name, seed):
    load, preset = random_load(seed), get_preset(name)
    compared = 0
    for age, hour, minutes in ((1, 17, 60), (4, 2, 120), (6, 0, 60), (9, 14, 30), (30, 7, 60)):
        hours = Hours(load.day(load.day_count - age), hour * 60, minutes)
        found = baseline_wh(preset, load, hours, HOLIDAYS)
        for row in range(3):
            ours = exact(preset, load, row, hours)
            if ours.status is BaselineStatus.INSUFFICIENT_HISTORY:
                assert np.isnan(found[row])
                continue
            assert found[row] == pytest.approx(float(ours.baseline_wh), abs=1e-6)
            compared += 1
    assert compared >= 8


def test_an_hour_that_the_clock_skipped_leaves_the_mean():
    """Of three days one lacks the hour's first half: its mean is over two, the other half's over three."""
    energy = np.full((1, 8, 48), 100.0)
    energy[0, :, 34:36] = [[wh, wh] for wh in (0, 0, 0, 0, 300, 600, 900, 0)]
    load = Load.of(date(2026, 7, 13), energy)
    load.exists[4, 34] = False
    load.energy[0, 4, 34] = np.nan
    hours = Hours(date(2026, 7, 20), 17 * 60)
    # 13 July is a Monday: before Monday the 20th come Friday, Thursday, Wednesday, at places 4, 3, 2.
    load.energy[0, 3, 34:36], load.energy[0, 2, 34:36] = 600, 900
    assert baseline_wh(get_preset("three-day"), load, hours, frozenset())[0] == 750 + 600


def test_what_is_missing_estimated_or_extraordinary_is_not_measured():
    load = Load.of(FIRST, np.full((4, 3, 24), 100.0))
    load.energy[1, 2, 5] = np.nan
    load.estimated[2, 2, 5] = True
    load.excluded[3, 2] = True
    found = measured(load, Hours(FIRST + 2 * DAY, 300))
    assert found[0] == 100
    assert np.isnan(found[1:]).all()


def test_figures_by_hand():
    """Errors 2, −1 and 4, 0 of loads 10, 10 and 20, 20: √2.5/10 and √8/20, bias 5/60, for nothing 6/60."""
    actual = np.array([[10.0, 10.0], [20.0, 20.0]])
    found = figures(actual + np.array([[2, -1], [4, 0]]), actual)
    assert found.rrmse == pytest.approx((2.5**0.5 / 10 + 8**0.5 / 20) / 2)
    assert (found.bias, found.for_nothing, found.cells) == (5 / 60, 6 / 60, 4)


def test_unknown_cells_count_for_nothing_and_meters_without_use_have_no_relative_error():
    found = figures(np.array([[np.nan, 11.0], [0.0, 0.0]]), np.array([[10.0, 10.0], [0.0, 0.0]]))
    assert (found.cells, found.rrmse, found.bias) == (3, 0.1, 0.1)
    empty = figures(np.full((1, 2), np.nan), np.full((1, 2), np.nan))
    assert empty.cells == 0
    assert np.isnan(empty.bias)


def test_ordinary_days_need_twelve_earlier_ones_and_the_tenth_near():
    days = [FIRST + number * DAY for number in range(60)]
    event = {date(2026, 4, 20)}
    found = ordinary_days(days, holidays=HOLIDAYS, event_days=event, first=days[0], last=days[-1])
    # 1 to 16 April are twelve business days; the 20th is an event day.
    assert found[:3] == [date(2026, 4, 17), date(2026, 4, 21), date(2026, 4, 22)]
    assert date(2026, 5, 25) not in found
    holes = [day for day in days if not date(2026, 4, 17) <= day <= date(2026, 5, 12)]
    after = ordinary_days(holes, holidays=HOLIDAYS, event_days=set(), first=days[0], last=days[-1])
    # 13 to 27 May are ten business days; before the 28th the tenth lay in April.
    assert after[0] == date(2026, 5, 28)


def measurements(rules, meters=4, days=20, hours=2):
    """Rules as errors added to a load of 1000 Wh."""
    random = np.random.default_rng(5)
    actual = np.full((meters, days, hours), 1000.0)
    noise = random.normal(0, 1, actual.shape)
    baselines = {name: actual + shift + scale * (noise - noise.mean()) for name, (shift, scale) in rules.items()}
    return Measurements(actual, baselines, np.tile([2.0, np.inf], (meters, 1)), {"size": ["a", "a", "b", "b"]})


def test_recommended_is_the_least_pay_for_nothing_among_rules_without_bias():
    found, thin = audit(measurements({"even": (0, 50), "wide": (0, 200), "low": (-50, 10), "near": (0, 50.0001)}))
    assert not thin
    verdicts = {name: row.judged.verdict for name, row in found.items()}
    assert verdicts == {
        "even": Verdict.BEST, "wide": Verdict.DEARER, "low": Verdict.BIASED, "near": Verdict.DEARER,
    }  # fmt: skip
    wide = found["wide"].judged
    assert wide.interval.low < wide.extra < wide.interval.high
    assert found["even"].figures.for_nothing == pytest.approx(found["wide"].figures.for_nothing / 4)


def test_without_a_rule_within_one_percent_the_least_biased_is_named_with_a_warning():
    found, _ = audit(measurements({"high": (60, 10), "higher": (90, 10)}))
    assert found["high"].judged.verdict is Verdict.BEST_BIASED
    assert found["higher"].judged.verdict is Verdict.BIASED


def test_a_rule_that_says_nothing_of_most_hours_is_left_out():
    data = measurements({"even": (0, 50), "rare": (0, 1)})
    data.baselines["rare"][1:] = np.nan
    found, thin = audit(data)
    assert list(found) == ["even"]
    assert thin == {"rare": 0.25}


def test_rules_are_compared_on_the_cells_that_all_of_them_cover():
    """The shirker says nothing of the hard half of the days; on all its own cells it would look the better one."""
    random = np.random.default_rng(1)
    actual = np.full((4, 20, 2), 1000.0)
    hard = np.zeros((1, 20, 1), bool)
    hard[:, 1::2] = True
    noise = random.choice([-1.0, 1.0], actual.shape) * np.where(hard, 300, 20)
    noise[:, :, 1] = -noise[:, :, 0]
    steady, shirker = actual + noise, np.where(hard, np.nan, actual + 2 * noise)
    rules = {"steady": steady, "shirker": shirker}
    found, thin = audit(Measurements(actual, rules, np.tile([2.0, np.inf], (4, 1)), {}))
    assert thin == {}
    verdicts = {name: row.judged.verdict for name, row in found.items()}
    assert verdicts == {"steady": Verdict.BEST, "shirker": Verdict.DEARER}
    assert (found["steady"].coverage, found["shirker"].coverage, found["steady"].compared) == (1.0, 0.5, 0.5)
    assert found["steady"].same.cells == found["shirker"].same.cells == 4 * 10 * 2
    assert found["shirker"].same.nothing_wh == pytest.approx(2 * found["steady"].same.nothing_wh)
    # What each rule would pay is told of all that it covers.
    assert found["steady"].figures.for_nothing > found["shirker"].figures.for_nothing


def test_of_rules_that_hardly_meet_the_one_that_covers_least_has_no_say():
    data = measurements({"even": (0, 50), "first": (0, 50), "last": (0, 50)})
    days = data.actual.shape[1]
    data.baselines["first"][:, days * 3 // 5 :] = np.nan
    data.baselines["last"][:, : days * 9 // 20] = np.nan
    found, thin = audit(data)
    assert list(found) == ["even", "first"]
    assert thin == {"last": pytest.approx(0.55)}
    assert found["even"].compared == pytest.approx(0.6)


def test_a_rule_is_chosen_on_the_earlier_half_and_told_on_both():
    """Early the one is better, late the other: what comes later has no say."""
    random = np.random.default_rng(3)
    actual = np.full((4, 21, 2), 1000.0)
    late = np.zeros((1, 21, 1), bool)
    late[:, 10:] = True
    noise = random.choice([-1.0, 1.0], actual.shape)
    noise[:, :, 1] = -noise[:, :, 0]
    baselines = {"early": actual + noise * np.where(late, 200, 10), "late": actual + noise * np.where(late, 10, 50)}
    found, _ = audit(Measurements(actual, baselines, np.tile([2.0, np.inf], (4, 1)), {}))
    assert found["late"].figures.for_nothing < found["early"].figures.for_nothing
    assert found["early"].judged.verdict is Verdict.BEST
    assert found["late"].judged.verdict is Verdict.DEARER
    halves = found["early"].halves
    assert (halves.earlier.figures.cells, halves.later.figures.cells) == (4 * 10 * 2, 4 * 11 * 2)
    assert (halves.earlier.figures.rrmse, halves.later.figures.rrmse) == (pytest.approx(0.01), pytest.approx(0.2))
    low, high = halves.later.intervals.for_nothing
    assert low <= halves.later.figures.for_nothing <= high


def test_on_few_days_a_rule_is_chosen_on_all_of_them():
    actual = np.full((2, 9, 2), 1000.0)
    found, _ = audit(Measurements(actual, {"high": actual + 5}, np.tile([2.0, np.inf], (2, 1)), {}))
    assert found["high"].halves is None
    assert found["high"].judged.verdict is Verdict.BEST


def test_money_is_the_price_of_the_kw_up_to_the_bound():
    """Two cells of +500 Wh at 2.00 a kW, bounded to 0.2 kW for the second meter: 4 · 1.00 + 4 · 0.40."""
    actual = np.full((2, 2, 2), 1000.0)
    price = np.array([[2.0, np.inf], [2.0, 0.2]])
    found, _ = audit(Measurements(actual, {"high": actual + 500}, price, {}))
    assert found["high"].money == pytest.approx(4 * 1.00 + 4 * 0.40)


def test_the_same_draws_give_the_same_intervals():
    data = measurements({"even": (0, 50)})
    part = sums(data.baselines["even"], data.actual)
    first, second = (Draws(4, 20).intervals(part) for _ in range(2))
    assert first == second
    assert first.bias.low < 0 < first.bias.high


@given(st.lists(st.integers(0, 5000), min_size=4, max_size=40), st.integers(1, 10_000))
@settings(max_examples=60, deadline=None)
def test_pay_for_nothing_is_never_below_the_bias_and_scale_changes_no_share(errors, factor):
    actual = np.full((2, len(errors)), 3000.0)
    baseline = actual + np.array(errors) - 2500
    found, scaled = figures(baseline, actual), figures(baseline * factor, actual * factor)
    assert found.for_nothing >= max(found.bias, 0) - 1e-12
    assert scaled.for_nothing == pytest.approx(found.for_nothing)
    assert scaled.rrmse == pytest.approx(found.rrmse)
