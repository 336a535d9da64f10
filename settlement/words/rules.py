"""The baseline rules' descriptions, marked for translation: the rules themselves know no Django."""

from django.utils.translation import gettext, gettext_noop

from settlement.baselines import PRESETS, Preset, get_preset

DESCRIPTIONS = (
    gettext_noop(
        "The mean of your use in the same hours of the 3 most recent business days that are neither holidays "
        "nor event days. For an event on a weekend or holiday, of the 3 most recent weekend days."
    ),
    gettext_noop(
        "The mean of your use in the same hours of the 3 most recent business days that are neither holidays "
        "nor event days. For an event on a weekend or holiday, of the 3 most recent weekend days. The mean "
        "difference between your use in the three hours that end one hour before the event and the same hours"
        " of those days is then added, by 20 percent of the baseline at most."
    ),
    gettext_noop(
        "The mean of your use in the same hours of the 10 most recent business days without holidays and "
        "event days. For an event on a weekend or holiday, of the 4 most recent weekend days."
    ),
    gettext_noop(
        "The mean of your use in the same hours of the 10 most recent business days without holidays and "
        "event days. For an event on a weekend or holiday, of the 4 most recent weekend days. It is then "
        "scaled by how your use in the three hours that end one hour before the event compares with the same "
        "hours of those days, by 20 percent at most."
    ),
    gettext_noop(
        "The mean of your use in the same hours of the 10 most recent business days without holidays and "
        "event days. For an event on a weekend or holiday, of the 4 most recent weekend days. The mean "
        "difference between your use in the three hours that end one hour before the event and the same hours"
        " of those days is then added, by 20 percent of the baseline at most."
    ),
    gettext_noop(
        "Of the 10 most recent business days without holidays and event days, the mean of the 5 days on which"
        " you used most in the same hours. For an event on a weekend or holiday, the 3 highest of 5 weekend "
        "days, weighted 50, 30 and 20 percent from the highest down. It is then scaled by how your use in the"
        " three hours that end one hour before the event compares with the same hours of those days, between "
        "five sevenths and seven fifths."
    ),
    gettext_noop(
        "Of the 10 most recent business days without holidays and event days, the mean of the 5 days on which"
        " you used most in the same hours. For an event on a weekend or holiday, the 2 highest of 4 weekend "
        "days."
    ),
    gettext_noop(
        "Of the 10 most recent business days without holidays and event days, the mean of the 5 days on which"
        " you used most in the same hours. For an event on a weekend or holiday, the 2 highest of 4 weekend "
        "days. It is then scaled by how your use in the three hours that end one hour before the event "
        "compares with the same hours of those days, by 20 percent at most."
    ),
    gettext_noop(
        "Of the 5 most recent business days without holidays, event days and days of unusually low use, the "
        "mean of the 4 days on which you used most in the same hours. For an event on a Saturday the 2 "
        "highest of 3 Saturdays, on a Sunday or holiday the 2 highest of 3 Sundays. The mean difference "
        "between your use in the three hours that end one hour before the event and the same hours of those "
        "days is then added."
    ),
    gettext_noop(
        "The day before the event is left out, and so are holidays, event days and days of unusually low use."
        " Of the 10 most recent business days within 30 days, the mean of the 5 days on which you used most "
        "in the same hours. For an event on a weekend or holiday, the 2 highest of 4 weekend days. It is then"
        " scaled by how your use from four to two hours before the event compares with the same hours of "
        "those days, by 20 percent at most."
    ),
    gettext_noop(
        "Of the 10 most recent business days without holidays and event days, the mean of your use in the "
        "same hours without the highest and the lowest day. For an event on a weekend or holiday, 4 weekend "
        "days without the highest and the lowest. It is then scaled by how your use in the three hours that "
        "end one hour before the event compares with the same hours of those days, by 20 percent at most."
    ),
    gettext_noop(
        "Of the 12 most recent business days without holidays and event days, the mean of your use in the "
        "same hours, in which newer days count more: 17, 15, 13, 11, 9, 8, 7, 6, 5, 4, 3 and 2 percent from "
        "the newest to the oldest. For an event on a weekend or holiday, of the 4 most recent weekend days, "
        "40, 30, 20 and 10 percent. Then 60 percent of the mean difference between your use from two hours to"
        " one hour before the event and the same hour of those days is added."
    ),
    gettext_noop(
        "The prediction of your use in the hours of the event: the newest one that was made before you were "
        "told of the event. Nothing measured later enters it."
    ),
    gettext_noop(
        "Homes of the program that were picked by lot, and not asked this time, show what the day was like. "
        "Their use in the hours of the event is scaled to your home: by how your use in the same hours of the"
        " 10 most recent business days without holidays and event days (4 weekend days for a weekend or "
        "holiday) compares with theirs. At least 5 such homes are needed."
    ),
)
"""What `baselines.registry` says, word for word; a test compares."""


def rule_words(name: str) -> str:
    """What the rule of this name does, in the reader's language.

    Raises:
        UnknownPreset: There is no such rule.
    """
    return gettext(get_preset(name).description)


def words_of(rule: Preset) -> str:
    """What this rule does: a preset in the reader's language, an own rule as its distributor wrote it."""
    return gettext(rule.description) if PRESETS.get(rule.name) == rule else rule.description
