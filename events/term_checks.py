"""What terms of a program may not say, each with a sentence."""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.errors import BadTerms
from events.holiday_calendar import check_calendar
from events.models import OptPolicy, PayCap, PayFloor, ProgramVersion

if TYPE_CHECKING:
    from events.terms import Terms

HALF = Decimal("0.5")
LONGEST_TEXT = 20_000
MOST_HOLIDAYS = 366
MINUTES_OF_A_DAY = 24 * 60
MINUTES_OF_A_YEAR = 366 * MINUTES_OF_A_DAY

PRICES = (
    "rate_per_kw",
    "rate_per_kwh",
    "flat_per_event",
    "threshold_amount",
    "bonus_amount",
    "penalty_per_kw",
    "capacity_per_kw_month",
    "wholesale_cost_per_kw",
)
MAYBE_AMOUNTS = ("threshold_kwh", "bonus_factor", "cap_per_event", "cap_per_season", "budget", "second_person_kw")
# Whole numbers: the least and the most that each may be; those of the second table may be left out.
NUMBERS = {
    "points_per_kwh": (0, 1_000_000),
    "notice_minutes": (0, MINUTES_OF_A_YEAR),
    "opt_out_minutes": (0, MINUTES_OF_A_YEAR),
    "nomination_deadline_minutes": (0, MINUTES_OF_A_YEAR),
    "data_deadline_days": (1, 3650),
    "dispute_days": (0, 3650),
}
MAYBE_NUMBERS = {
    "max_events": (1, 100_000),
    "max_events_per_week": (1, 1000),
    "max_hours": (1, 100_000),
    "max_consecutive_days": (1, 366),
    "min_minutes": (1, MINUTES_OF_A_DAY),
    "max_minutes": (1, MINUTES_OF_A_DAY),
}
CHOICES = {"floor": PayFloor, "pay_cap": PayCap, "opt_policy": OptPolicy}
_OWN_WORDS = {
    "rate_per_kw": gettext_lazy("The rate must be an amount of 0 or more with at most four decimals."),
    "wholesale_cost_per_kw": gettext_lazy(
        "The wholesale cost must be an amount of 0 or more with at most four decimals."
    ),
}  # fmt: skip


def label_of(name: str) -> str:
    """What people call a field of the terms."""
    field: Any = ProgramVersion._meta.get_field(name)
    return str(field.verbose_name)


def check_terms(terms: "Terms") -> None:
    """Passes terms that can be kept and mean one thing.

    Raises:
        BadTerms: saying what to change.
        UnknownCalendar: There is no such calendar of holidays.
    """
    for check in _CHECKS:
        check(terms)


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise BadTerms(sentence)


def _check_kinds(terms: "Terms") -> None:
    _require(isinstance(terms.preset, str) and 0 < len(terms.preset) <= 40, _("Choose a baseline rule."))
    for name, kinds in CHOICES.items():
        words = _("“%(value)s” is not one of the choices of “%(field)s”.")
        value = str(getattr(terms, name))
        _require(value in kinds.values, words % {"value": value[:40], "field": label_of(name)})
    _require(isinstance(terms.business_days_only, bool), _("Say yes or no to “business days only”."))
    _require(
        isinstance(terms.terms_text, str) and len(terms.terms_text) <= LONGEST_TEXT,
        _("The text of the terms is too long."),
    )


def _check_amounts(terms: "Terms") -> None:
    for name in PRICES:
        _check_amount(name, getattr(terms, name))
    for name in MAYBE_AMOUNTS:
        if getattr(terms, name) is not None:
            _check_amount(name, getattr(terms, name))


def _check_amount(name: str, value: Any) -> None:
    field: Any = ProgramVersion._meta.get_field(name)
    places, below = field.decimal_places, Decimal(10 ** (field.max_digits - field.decimal_places))
    fits = isinstance(value, Decimal) and value.is_finite() and 0 <= value < below and round(value, places) == value
    words = _("“%(field)s” must be a number of 0 or more with at most %(places)d decimals.")
    _require(fits, str(_OWN_WORDS.get(name, words)) % {"field": label_of(name), "places": places})


def _check_numbers(terms: "Terms") -> None:
    for name, bounds in NUMBERS.items():
        _check_number(name, getattr(terms, name), bounds)
    for name, bounds in MAYBE_NUMBERS.items():
        if getattr(terms, name) is not None:
            _check_number(name, getattr(terms, name), bounds)


def _check_number(name: str, value: Any, bounds: tuple[int, int]) -> None:
    words = _("“%(field)s” must be a whole number from %(least)d to %(most)d.")
    least, most = bounds
    fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    _require(fits, words % {"field": label_of(name), "least": least, "most": most})


def _check_season(terms: "Terms") -> None:
    first, last = terms.season_start, terms.season_end
    _require((first is None) == (last is None), _("A season has a first and a last day; give both or none."))
    if first is not None and last is not None:
        _require(_is_day(first) and _is_day(last), _("Write the days of the season as days."))
        _require(first <= last, _("The season’s last day must not come before its first."))


def _check_hours(terms: "Terms") -> None:
    opens, closes = terms.hours_from, terms.hours_to
    _require((opens is None) == (closes is None), _("The hours of events have a begin and an end; give both or none."))
    if opens is None or closes is None:
        return
    _require(isinstance(opens, time) and isinstance(closes, time), _("Write the hours of events as times."))
    _require(opens < closes, _("The hours of events must end later than they begin."))
    shortest = terms.min_minutes or 0
    room = (closes.hour - opens.hour) * 60 + closes.minute - opens.minute
    _require(shortest <= room, _("The shortest event does not fit into the hours of events."))


def _check_limits(terms: "Terms") -> None:
    shortest, longest = terms.min_minutes, terms.max_minutes
    if shortest is not None and longest is not None:
        _require(shortest <= longest, _("The shortest event must not be longer than the longest."))
    if terms.max_events is not None and terms.max_events_per_week is not None:
        few = terms.max_events_per_week <= terms.max_events
        _require(few, _("There cannot be more events in a week than in the season."))
    if terms.max_hours is not None and shortest is not None:
        _require(shortest <= terms.max_hours * 60, _("The hours of the season are not enough for the shortest event."))


def _check_answers(terms: "Terms") -> None:
    in_time = not terms.notice_minutes or terms.opt_out_minutes < terms.notice_minutes
    _require(in_time, _("Answers would close before the notice goes out: close them later, or give more notice."))


def _check_pay(terms: "Terms") -> None:
    has_threshold = terms.threshold_kwh is not None
    _require(
        has_threshold == bool(terms.threshold_amount),
        _("A threshold needs both its kWh and the amount that it pays."),
    )
    _require(
        (terms.bonus_factor is not None) == bool(terms.bonus_amount),
        _("A bonus needs both the factor that earns it and its amount."),
    )
    pays_for_kw = terms.rate_per_kw > 0 or terms.capacity_per_kw_month > 0
    _require(
        not terms.penalty_per_kw or pays_for_kw,
        _("A penalty is for kW that were nominated, so kW must be paid too: set a price per kW or for standing by."),
    )
    if terms.cap_per_event is not None and terms.cap_per_season is not None:
        words = _("The most per event must not be more than the most per season.")
        _require(terms.cap_per_event <= terms.cap_per_season, words)


def _check_share(terms: "Terms") -> None:
    share = terms.control_share
    fits = isinstance(share, Decimal) and share.is_finite() and 0 <= share <= HALF and round(share, 3) == share
    _require(fits, _("The share of homes held out must be from 0 to 0.5: at most half of them, like 0.1 for a tenth."))


def _check_holidays(terms: "Terms") -> None:
    _require(len(terms.holiday_calendar) <= 10, _("Write a calendar like US or US-VT."))
    check_calendar(terms.holiday_calendar)
    fit = len(terms.holidays) <= MOST_HOLIDAYS and all(_is_day(day) for day in terms.holidays)
    _require(fit, _("Further holidays are days, a year’s worth of them at most."))


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


_CHECKS: tuple[Callable[["Terms"], None], ...] = (
    _check_kinds,
    _check_amounts,
    _check_numbers,
    _check_season,
    _check_hours,
    _check_limits,
    _check_answers,
    _check_pay,
    _check_share,
    _check_holidays,
)
