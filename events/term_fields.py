"""The terms of a program by groups, with their helps: the one list that forms, pages and comparisons are made of."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Group:
    """Fields of the terms that belong together. `is_common`: what nearly every program says."""

    key: str
    title: Any
    names: tuple[str, ...]
    is_common: bool = False


GROUPS = (
    Group("measuring", _("How savings are measured"), ("preset", "holiday_calendar", "holidays", "floor"), True),
    Group(
        "pay",
        _("What it pays"),
        ("rate_per_kw", "rate_per_kwh", "points_per_kwh", "flat_per_event", "capacity_per_kw_month", "pay_cap"),
        True,
    ),
    Group(
        "season",
        _("When events may come"),
        ("season_start", "season_end", "hours_from", "hours_to", "business_days_only", "notice_minutes"),
        True,
    ),
    Group(
        "limits",
        _("How many events, and how long"),
        (
            "max_events",
            "max_events_per_week",
            "max_hours",
            "max_consecutive_days",
            "min_minutes",
            "max_minutes",
        ),
    ),
    Group("answers", _("Answers and nominations"), ("opt_policy", "opt_out_minutes", "nomination_deadline_minutes")),
    Group(
        "more_pay",
        _("Bonus, penalty and limits of pay"),
        (
            "threshold_kwh",
            "threshold_amount",
            "bonus_factor",
            "bonus_amount",
            "penalty_per_kw",
            "cap_per_event",
            "cap_per_season",
        ),
    ),
    Group(
        "control",
        _("Your own control"),
        ("wholesale_cost_per_kw", "budget", "second_person_kw", "control_share"),
    ),
    Group("after", _("After the event"), ("data_deadline_days", "dispute_days")),
    Group("text", _("Terms in your words"), ("terms_text",)),
)
NAMES = tuple(name for group in GROUPS for name in group.names)

# A change of these is none for those who take part: it changes neither what is asked of them nor what they get.
NOT_MATERIAL = frozenset({"wholesale_cost_per_kw", "budget", "second_person_kw", "holidays"})

HELPS: dict[str, Any] = {
    "preset": _("How usual use is worked out. Published with the terms and frozen with them."),
    "holiday_calendar": _("Country or part of one, like US-VT: these days count as no business days."),
    "holidays": _("Days like 2026-07-03, with commas between."),
    "floor": _("Over the whole event: using more in one interval takes away from another. In each interval: not so."),
    "rate_per_kw": _("For each kW below usual use, on average over the event. 0: kW are not paid."),
    "rate_per_kwh": _("For each kWh below usual use. 0: kWh are not paid."),
    "points_per_kwh": _("Points are no money: they stand apart on every page."),
    "flat_per_event": _("For taking part in an event with readings that can be measured."),
    "capacity_per_kw_month": _(
        "For each nominated kW and month, event or none. In a month with events, the share of it that came in them; "
        "who skipped in time or could not be measured loses nothing."
    ),
    "pay_cap": _("What lies above is not paid."),
    "season_start": _("Empty: all year."),
    "season_end": _("The last day on which an event may be."),
    "hours_from": _("On the program’s clock. Empty: at any hour."),
    "business_days_only": _("No events on Saturdays, Sundays and holidays."),
    "notice_minutes": _("At least this long before the start people are told. 0: no promise."),
    "max_events": _("Empty: no limit."),
    "max_events_per_week": _("Monday to Sunday. Empty: no limit."),
    "max_hours": _("Of all events together. Empty: no limit."),
    "max_consecutive_days": _("Empty: no limit."),
    "min_minutes": _("Empty: no limit."),
    "max_minutes": _("Empty: up to 24 hours."),
    "opt_policy": _("What becomes of those who do not answer."),
    "opt_out_minutes": _("0: until the start."),
    "nomination_deadline_minutes": _("An event counts the kW that were nominated by then. 0: until the start."),
    "threshold_kwh": _("Whoever saves this much in an event gets the amount below."),
    "bonus_factor": _("1 is all that was nominated: whoever delivers this share of it gets the bonus."),
    "penalty_per_kw": _("Organizations only; never taken from homes."),
    "cap_per_event": _("Empty: no limit."),
    "cap_per_season": _("Empty: no limit."),
    "wholesale_cost_per_kw": _("What a kW less at the peak saves you; shown to your people alone."),
    "budget": _("Events reserve what they may cost at most. Empty: no limit."),
    "second_person_kw": _("Events that expect more than this need the word of a second admin. Empty: never."),
    "control_share": _(
        "Like 0.1 for a tenth: these homes are drawn anew for each event, are not asked, and show what would have been."
    ),
    "data_deadline_days": _("After that, what was not measured is not paid."),
    "dispute_days": _("So long a participant may object to a final figure."),
    "terms_text": _("What the figures do not say. Everybody who joins agrees to it."),
}
