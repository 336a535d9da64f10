"""The baseline rules' descriptions, marked for translation: the rules themselves know no Django."""

from django.utils.translation import gettext, gettext_noop

from settlement.baselines import get_preset

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
)
"""What `baselines.registry` says, word for word; a test compares."""


def rule_words(name: str) -> str:
    """What the rule of this name does, in the reader's language.

    Raises:
        UnknownPreset: There is no such rule.
    """
    return gettext(get_preset(name).description)
