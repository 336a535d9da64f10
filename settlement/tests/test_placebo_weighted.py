"""The weighted rule, by hand, and the part of an adjustment that is believed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from settlement.baselines import (
    Adjustment,
    AdjustmentKind,
    DayRule,
    Event,
    Flag,
    InvalidPreset,
    MeterHistory,
    Reading,
    compute_baseline,
    get_preset,
    make_plan,
    preset_from_data,
    rule_data,
    rule_hash,
)

RULE = get_preset("weighted-twelve-additive")
# A Wednesday; one reading an hour, in UTC throughout.
START = datetime(2026, 7, 22, 16, tzinfo=UTC)
EVENT = Event(START, START + timedelta(hours=1), UTC)
BUSINESS = [
    date(2026, 7, day) for day in (21, 20, 17, 16, 15, 14, 13, 10, 9, 8, 7, 6)
]  # fmt: skip
WEIGHTS = (17, 15, 13, 11, 9, 8, 7, 6, 5, 4, 3, 2)


def baseline(by_day, today_window, preset=RULE):
    """The baseline from (window, event) Wh of each day, newest first, and of today's window."""
    readings = {START - timedelta(hours=2): Reading(today_window), START: Reading(0)}
    for day, (window, event) in zip(BUSINESS, by_day, strict=False):
        at = datetime(day.year, day.month, day.day, 16, tzinfo=UTC)
        readings |= {at - timedelta(hours=2): Reading(window), at: Reading(event)}
    return compute_baseline(make_plan(preset, EVENT, 60, frozenset()), MeterHistory(readings, 60))


def test_newer_days_count_more_and_sixty_percent_of_the_window_is_believed():
    """Event hours 1200, 1100, …, 100 Wh: 17 % of 1200 and so on make 838; the window is 50 above: 30 are added.

    204 + 165 + 130 + 99 + 72 + 56 + 42 + 30 + 20 + 12 + 6 + 2 = 838.
    """
    days = [(500, 1200 - 100 * number) for number in range(12)]
    found = baseline(days, today_window=550)
    assert found.slots[0].unadjusted_wh == 838
    assert found.adjustment_raw == 50
    assert found.adjustment_applied == 30
    assert found.baseline_wh == 868
    assert [trace.weight for trace in found.days if trace.weight] == [Fraction(each, 100) for each in WEIGHTS]
    assert found.used_days == tuple(BUSINESS)
    assert not found.flags


def test_a_short_pool_shares_what_the_missing_days_would_have_counted():
    """Five days count 17, 15, 13, 11 and 9 of 65: (17·650 + 48·0) / 65 = 170."""
    found = baseline([(0, 650), *[(0, 0)] * 4], today_window=0)
    assert found.baseline_wh == 170
    assert Flag.POOL_SHORT in found.flags


def test_the_addition_never_turns_use_into_feeding_the_grid():
    """Usual is 100 in the event and 1000 in the window; today 0: −600 would be added, −100 is."""
    found = baseline([(1000, 100)] * 12, today_window=0)
    assert (found.adjustment_raw, found.adjustment_applied, found.baseline_wh) == (-1000, -100, 0)
    assert Flag.ADJUSTMENT_CLAMPED in found.flags


def test_a_ratio_is_believed_in_part_as_well():
    """The window says twice as much; half of that is believed, so the factor is 3/2."""
    half = Adjustment(AdjustmentKind.RATIO, 120, 60, low=Fraction(1, 2), high=Fraction(2), shrink=Fraction(1, 2))
    found = baseline([(100, 100)] * 12, today_window=200, preset=replace(RULE, adjustment=half))
    assert (found.adjustment_raw, found.adjustment_applied, found.baseline_wh) == (2, Fraction(3, 2), 150)


def test_bounds_hold_after_what_is_believed():
    bounded = replace(RULE, adjustment=replace(RULE.adjustment, share=Fraction(1, 10)))
    found = baseline([(100, 100)] * 12, today_window=200, preset=bounded)
    assert (found.adjustment_applied, found.baseline_wh) == (10, 110)
    assert Flag.ADJUSTMENT_CLAMPED in found.flags


@pytest.mark.parametrize("shrink", [Fraction(0), Fraction(-1, 2), Fraction(11, 10)])
def test_a_part_is_above_nothing_and_at_most_all(shrink):
    with pytest.raises(InvalidPreset, match="at most 1"):
        replace(RULE.adjustment, shrink=shrink)


def test_the_part_is_written_only_where_it_says_something():
    assert rule_data(RULE)["adjustment"]["shrink"] == "3/5"
    assert "shrink" not in rule_data(get_preset("three-day-additive-20"))["adjustment"]
    again = preset_from_data(rule_data(RULE))
    assert (again, rule_hash(again)) == (RULE, rule_hash(RULE))


def test_weights_of_all_days_are_as_many_as_days():
    with pytest.raises(InvalidPreset, match="one weight"):
        DayRule(pool=3, used=3, minimum=1, weights=(Fraction(1, 2), Fraction(1, 2)))
