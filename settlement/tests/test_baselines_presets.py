"""Presets as data: the registry, what a rule may say, its text and its hash."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from settlement.baselines import (
    Adjustment,
    AdjustmentKind,
    DayRule,
    InvalidPreset,
    Rounding,
    Select,
    UnknownPreset,
    get_preset,
    preset_from_data,
    preset_names,
    rule_data,
    rule_hash,
    rule_json,
)

NAMES = [
    "three-day",
    "three-day-additive-20",
    "ten-in-ten",
    "ten-in-ten-ratio-20",
    "ten-in-ten-additive-20",
    "five-in-ten",
    "high-five-of-ten",
    "high-five-of-ten-ratio-20",
    "high-four-of-five",
    "weather-sensitive-five-of-ten",
    "middle-eight-of-ten",
    "weighted-twelve-additive",
    "forecast",
    "control-group",
]
HALF, LOW, HIGH = Fraction(1, 2), Fraction(4, 5), Fraction(6, 5)


def test_the_registry_has_every_preset():
    assert preset_names() == NAMES
    assert [get_preset(name).name for name in NAMES] == NAMES


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(UnknownPreset, match=r"three-day, three-day-additive-20.*middle-eight-of-ten"):
        get_preset("nine-day")


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_read_back_from_its_text(name):
    preset = get_preset(name)
    again = preset_from_data(json.loads(rule_json(preset)))
    assert again == preset
    assert rule_hash(again) == rule_hash(preset)


def test_every_rule_has_its_own_hash_and_plain_words():
    assert len({rule_hash(get_preset(name)) for name in NAMES}) == len(NAMES)
    assert len({get_preset(name).description for name in NAMES}) == len(NAMES)


def test_any_change_of_a_rule_changes_its_hash():
    preset = get_preset("three-day")
    changes = [{"skip_days": 1}, {"rounding": Rounding.WH_PER_SLOT}, {"description": "Another text."}]
    assert len({rule_hash(preset), *(rule_hash(replace(preset, **change)) for change in changes)}) == 4


def test_the_text_of_the_three_day_rule_is_frozen():
    # Stored versions carry this hash: if it changes, the format number has to change with it.
    digest = "6047681cdebd088cb7054a40f9a1c3a18c4fb5320b3cef6fb6df8513df7e956e"
    assert rule_hash(get_preset("three-day")) == digest


def test_only_the_three_day_family_stays_unrounded():
    exact = {name for name in NAMES if get_preset(name).rounding is Rounding.NONE}
    assert exact == {"three-day", "three-day-additive-20"}


@pytest.mark.parametrize(
    "fields",
    [
        {"pool": 3, "used": 4, "minimum": 3},
        {"pool": 3, "used": 0, "minimum": 3},
        {"pool": 3, "used": 3, "minimum": 4},
        {"pool": 3, "used": 3, "minimum": 0},
        {"pool": 3, "used": 2, "minimum": 3},
        {"pool": 10, "used": 7, "minimum": 5, "select": Select.MIDDLE},
        {"pool": 10, "used": 4, "minimum": 5, "select": Select.MIDDLE},
        {"pool": 3, "used": 2, "minimum": 3, "select": Select.TOP, "weights": (HALF,)},
        {"pool": 3, "used": 2, "minimum": 3, "select": Select.TOP, "weights": (HALF, Fraction(1, 3))},
        {"pool": 3, "used": 2, "minimum": 3, "select": Select.TOP, "weights": (Fraction(3, 2), -HALF)},
        {"pool": 4, "used": 2, "minimum": 3, "select": Select.MIDDLE, "weights": (HALF, HALF)},
    ],
)
def test_a_day_rule_that_contradicts_itself_is_refused(fields):
    with pytest.raises(InvalidPreset, match="must be such that"):
        DayRule(**fields)


@pytest.mark.parametrize(
    ("kind", "opens", "length", "fields"),
    [
        (AdjustmentKind.RATIO, 200, 180, {"low": LOW, "high": HIGH}),
        (AdjustmentKind.RATIO, 240, 0, {"low": LOW, "high": HIGH}),
        (AdjustmentKind.RATIO, 240, 180, {"low": LOW}),
        (AdjustmentKind.RATIO, 240, 180, {"low": HIGH, "high": LOW}),
        (AdjustmentKind.RATIO, 240, 180, {"low": LOW, "high": HIGH, "share": HALF}),
        (AdjustmentKind.ADDITIVE, 240, 180, {"low": LOW, "high": HIGH}),
        (AdjustmentKind.ADDITIVE, 240, 180, {"share": Fraction(0)}),
    ],
)
def test_an_adjustment_that_contradicts_itself_is_refused(kind, opens, length, fields):
    with pytest.raises(InvalidPreset):
        Adjustment(kind, opens, length, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"description": ""},
        {"skip_days": -1},
        {"skip_days": 45},
        {"days_back": 61},
        {"estimated_share": Fraction(2)},
        {"low_usage_share": Fraction(1)},
    ],
)
def test_a_preset_that_contradicts_itself_is_refused(fields):
    with pytest.raises(InvalidPreset):
        replace(get_preset("three-day"), **fields)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"surprise": 1},
        {"skip_days": "1"},
        {"skip_days": True},
        {"rounding": "SOMETIMES"},
        {"estimated_share": "2/10"},
        {"estimated_share": 0.2},
        {"business": None},
        {"business": {"pool": 3}},
        {"adjustment": "none"},
        {"skip_days": -1},
    ],
)
def test_broken_rule_data_is_refused(change):
    with pytest.raises(InvalidPreset, match="baseline rule"):
        preset_from_data(rule_data(get_preset("three-day")) | change)


def test_rule_data_without_a_format_is_refused():
    data = rule_data(get_preset("three-day"))
    del data["format"]
    with pytest.raises(InvalidPreset, match="format"):
        preset_from_data(data)
