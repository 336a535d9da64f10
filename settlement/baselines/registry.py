"""The presets everyone may choose from, by name."""

from dataclasses import replace
from fractions import Fraction

from settlement.baselines.errors import UnknownPreset
from settlement.baselines.presets import (
    Adjustment,
    AdjustmentKind,
    DayRule,
    Method,
    Preset,
    Rounding,
    Select,
    Weekend,
)

FIFTH = Fraction(1, 5)
QUARTER = Fraction(1, 4)


def _percent(*weights: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(weight, 100) for weight in weights)


_RATIO_20 = Adjustment(
    AdjustmentKind.RATIO,
    opens_minutes_before=240,
    window_minutes=180,
    low=Fraction(4, 5),
    high=Fraction(6, 5),
)
_RATIO_5_7 = replace(_RATIO_20, low=Fraction(5, 7), high=Fraction(7, 5))
_RATIO_20_EARLY = replace(_RATIO_20, window_minutes=120)
_ADDITIVE_20 = Adjustment(AdjustmentKind.ADDITIVE, opens_minutes_before=240, window_minutes=180, share=FIFTH)
_ADDITIVE = replace(_ADDITIVE_20, share=None)
_ADDITIVE_SHRUNK = Adjustment(
    AdjustmentKind.ADDITIVE, opens_minutes_before=120, window_minutes=60, shrink=Fraction(3, 5)
)

_RATIO_WORDS = (
    " It is then scaled by how your use in the three hours that end one hour before the event compares with"
    " the same hours of those days, by 20 percent at most."
)
_RATIO_5_7_WORDS = (
    " It is then scaled by how your use in the three hours that end one hour before the event compares with"
    " the same hours of those days, between five sevenths and seven fifths."
)
_RATIO_EARLY_WORDS = (
    " It is then scaled by how your use from four to two hours before the event compares with the same hours"
    " of those days, by 20 percent at most."
)
_ADDITIVE_WORDS = (
    " The mean difference between your use in the three hours that end one hour before the event and the same"
    " hours of those days is then added, by 20 percent of the baseline at most."
)
_ADDITIVE_FREE_WORDS = (
    " The mean difference between your use in the three hours that end one hour before the event and the same"
    " hours of those days is then added."
)
_THREE_WORDS = (
    "The mean of your use in the same hours of the 3 most recent business days that are neither holidays nor"
    " event days. For an event on a weekend or holiday, of the 3 most recent weekend days."
)
_TEN_WORDS = (
    "The mean of your use in the same hours of the 10 most recent business days without holidays and event"
    " days. For an event on a weekend or holiday, of the 4 most recent weekend days."
)
_FIVE_WORDS = (
    "Of the 10 most recent business days without holidays and event days, the mean of the 5 days on which you"
    " used most in the same hours."
)
_TWO_OF_FOUR_WORDS = " For an event on a weekend or holiday, the 2 highest of 4 weekend days."
_WEIGHTED_WEEKEND_WORDS = (
    " For an event on a weekend or holiday, the 3 highest of 5 weekend days, weighted 50, 30 and 20 percent"
    " from the highest down."
)
_FOUR_WORDS = (
    "Of the 5 most recent business days without holidays, event days and days of unusually low use, the mean"
    " of the 4 days on which you used most in the same hours. For an event on a Saturday the 2 highest of 3"
    " Saturdays, on a Sunday or holiday the 2 highest of 3 Sundays."
)
_WEATHER_WORDS = (
    "The day before the event is left out, and so are holidays, event days and days of unusually low use. Of"
    " the 10 most recent business days within 30 days, the mean of the 5 days on which you used most in the"
    " same hours."
)
_MIDDLE_WORDS = (
    "Of the 10 most recent business days without holidays and event days, the mean of your use in the same"
    " hours without the highest and the lowest day. For an event on a weekend or holiday, 4 weekend days"
    " without the highest and the lowest."
)
_WEIGHTED_WORDS = (
    "Of the 12 most recent business days without holidays and event days, the mean of your use in the same hours,"
    " in which newer days count more: 17, 15, 13, 11, 9, 8, 7, 6, 5, 4, 3 and 2 percent from the newest to the"
    " oldest. For an event on a weekend or holiday, of the 4 most recent weekend days, 40, 30, 20 and 10 percent."
    " Then 60 percent of the mean difference between your use from two hours to one hour before the event and the"
    " same hour of those days is added."
)
_FORECAST_WORDS = (
    "The prediction of your use in the hours of the event: the newest one that was made before you were told of"
    " the event. Nothing measured later enters it."
)
_CONTROL_WORDS = (
    "Homes of the program that were picked by lot, and not asked this time, show what the day was like. Their use"
    " in the hours of the event is scaled to your home: by how your use in the same hours of the 10 most recent"
    " business days without holidays and event days (4 weekend days for a weekend or holiday) compares with"
    " theirs. At least 5 such homes are needed."
)

_THREE_DAY = Preset(
    name="three-day",
    description=_THREE_WORDS,
    business=DayRule(pool=3, used=3, minimum=3),
    weekend=DayRule(pool=3, used=3, minimum=3),
    rounding=Rounding.NONE,
    event_days_fallback=False,
)
_TEN_IN_TEN = Preset(
    name="ten-in-ten",
    description=_TEN_WORDS,
    business=DayRule(pool=10, used=10, minimum=5),
    weekend=DayRule(pool=4, used=4, minimum=4),
)
_FIVE_IN_TEN = Preset(
    name="five-in-ten",
    description=_FIVE_WORDS + _WEIGHTED_WEEKEND_WORDS + _RATIO_5_7_WORDS,
    business=DayRule(pool=10, used=5, minimum=5, select=Select.TOP),
    weekend=DayRule(
        pool=5,
        used=3,
        minimum=4,
        select=Select.TOP,
        weights=(Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)),
    ),
    adjustment=_RATIO_5_7,
)
_HIGH_FIVE = Preset(
    name="high-five-of-ten",
    description=_FIVE_WORDS + _TWO_OF_FOUR_WORDS,
    business=DayRule(pool=10, used=5, minimum=5, select=Select.TOP),
    weekend=DayRule(pool=4, used=2, minimum=4, select=Select.TOP),
)
_HIGH_FOUR = Preset(
    name="high-four-of-five",
    description=_FOUR_WORDS + _ADDITIVE_FREE_WORDS,
    business=DayRule(pool=5, used=4, minimum=5, select=Select.TOP),
    weekend=DayRule(pool=3, used=2, minimum=3, select=Select.TOP),
    weekends=Weekend.APART,
    adjustment=_ADDITIVE,
    low_usage_share=QUARTER,
)
_WEATHER_SENSITIVE = Preset(
    name="weather-sensitive-five-of-ten",
    description=_WEATHER_WORDS + _TWO_OF_FOUR_WORDS + _RATIO_EARLY_WORDS,
    business=DayRule(pool=10, used=5, minimum=5, select=Select.TOP),
    weekend=DayRule(pool=4, used=2, minimum=4, select=Select.TOP),
    adjustment=_RATIO_20_EARLY,
    skip_days=1,
    days_back=30,
    low_usage_share=QUARTER,
)
_MIDDLE_EIGHT = Preset(
    name="middle-eight-of-ten",
    description=_MIDDLE_WORDS + _RATIO_WORDS,
    business=DayRule(pool=10, used=8, minimum=5, select=Select.MIDDLE),
    weekend=DayRule(pool=4, used=2, minimum=4, select=Select.MIDDLE),
    adjustment=_RATIO_20,
)

# Found by search on the earlier half of a real program's days: docs/placebo.md.
_WEIGHTED_TWELVE = Preset(
    name="weighted-twelve-additive",
    description=_WEIGHTED_WORDS,
    business=DayRule(pool=12, used=12, minimum=5, weights=_percent(17, 15, 13, 11, 9, 8, 7, 6, 5, 4, 3, 2)),
    weekend=DayRule(pool=4, used=4, minimum=4, weights=_percent(40, 30, 20, 10)),
    adjustment=_ADDITIVE_SHRUNK,
)
_FORECAST = Preset(
    name="forecast",
    description=_FORECAST_WORDS,
    business=DayRule(pool=1, used=1, minimum=1),
    weekend=DayRule(pool=1, used=1, minimum=1),
    event_days_fallback=False,
    method=Method.FORECAST,
)
_CONTROL_GROUP = Preset(
    name="control-group",
    description=_CONTROL_WORDS,
    business=DayRule(pool=10, used=10, minimum=5),
    weekend=DayRule(pool=4, used=4, minimum=4),
    method=Method.CONTROL_GROUP,
    group_minimum=5,
)


def _adjusted(preset: Preset, suffix: str, adjustment: Adjustment, words: str) -> Preset:
    name, description = f"{preset.name}-{suffix}", preset.description + words
    return replace(preset, name=name, description=description, adjustment=adjustment)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        _THREE_DAY,
        _adjusted(_THREE_DAY, "additive-20", _ADDITIVE_20, _ADDITIVE_WORDS),
        _TEN_IN_TEN,
        _adjusted(_TEN_IN_TEN, "ratio-20", _RATIO_20, _RATIO_WORDS),
        _adjusted(_TEN_IN_TEN, "additive-20", _ADDITIVE_20, _ADDITIVE_WORDS),
        _FIVE_IN_TEN,
        _HIGH_FIVE,
        _adjusted(_HIGH_FIVE, "ratio-20", _RATIO_20, _RATIO_WORDS),
        _HIGH_FOUR,
        _WEATHER_SENSITIVE,
        _MIDDLE_EIGHT,
        _WEIGHTED_TWELVE,
        _FORECAST,
        _CONTROL_GROUP,
    )
}


def preset_names() -> list[str]:
    """The names that `get_preset` knows, in the order people should read them."""
    return list(PRESETS)


def get_preset(name: str) -> Preset:
    """The preset of this name.

    Raises:
        UnknownPreset: listing the known names.
    """
    try:
        return PRESETS[name]
    except KeyError:
        known = ", ".join(PRESETS)
        raise UnknownPreset(f"There is no baseline preset {name!r}. Known are: {known}.") from None
