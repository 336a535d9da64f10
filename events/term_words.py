"""Terms as people read them: as facts for those who may join, field by field, and what differs between two versions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import day_words, hour_words, length_words, money_words, plain_words
from events.models import OptPolicy, PayCap, ProgramVersion
from events.term_checks import label_of
from events.term_fields import NAMES, NOT_MATERIAL

AMOUNTS = frozenset(
    {
        "rate_per_kw", "rate_per_kwh", "flat_per_event", "threshold_amount", "bonus_amount", "penalty_per_kw",
        "capacity_per_kw_month", "wholesale_cost_per_kw", "cap_per_event", "cap_per_season", "budget",
    }
)  # fmt: skip
MINUTES = frozenset({"min_minutes", "max_minutes", "notice_minutes", "opt_out_minutes", "nomination_deadline_minutes"})


@dataclass(frozen=True)
class Difference:
    """One field that two versions say differently, in words."""

    name: str
    label: str
    before: str
    after: str

    @property
    def is_material(self) -> bool:
        """Whether it matters to those who take part."""
        return self.name not in NOT_MATERIAL


def price_words(amount: Decimal, currency: str) -> str:
    """A price with all its decimals: a tenth of a cent is one.

    >>> price_words(Decimal("0.1250"), "USD"), price_words(Decimal("2.8000"), "USD")
    ('USD 0.125', '$2.80')
    """
    if round(amount, 2) == amount:
        return money_words(amount, currency)
    return f"{currency} {plain_words(amount)}"


def minutes_words(minutes: int) -> str:
    """A length that was given in minutes.

    >>> minutes_words(90), minutes_words(1440), minutes_words(120)
    ('1 hour 30 minutes', '1 day', '2 hours')
    """
    days, rest = divmod(minutes, 24 * 60)
    hours, rest = divmod(rest, 60)
    sizes = ((days, timedelta(days=1)), (hours, timedelta(hours=1)), (rest, timedelta(minutes=1)))
    return " ".join(length_words(count * size) for count, size in sizes if count) or length_words(timedelta())


def value_words(version: ProgramVersion, name: str) -> str:
    """One field of a version in words; a dash for what is left open."""
    value: Any = getattr(version, name)
    if value is None or value in ("", []):
        return "–"
    if name in AMOUNTS:
        return price_words(value, version.program.distributor.currency)
    if name in MINUTES:
        return minutes_words(value) if value else "0"
    return _plain_value(version, name, value)


def _plain_value(version: ProgramVersion, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal | int):
        return plain_words(Decimal(value))
    if isinstance(value, date):
        return day_words(value, "date")
    if isinstance(value, time):
        return _hour(value)
    if isinstance(value, list):
        return ", ".join(value)
    shown = getattr(version, f"get_{name}_display", None)
    return str(shown() if shown else value)


def _hour(at: time) -> str:
    return hour_words(datetime.combine(date(2000, 1, 1), at))


def differences(old: ProgramVersion, new: ProgramVersion) -> list[Difference]:
    """What the newer version says otherwise, in the order of the groups."""
    found = [
        Difference(name, label_of(name), value_words(old, name), value_words(new, name))
        for name in NAMES
        if getattr(old, name) != getattr(new, name)
    ]
    if old.rule_sha256 != new.rule_sha256 and old.preset == new.preset:
        words = _("the rule of this name, as it was on %(day)s")
        days = [day_words((each.published_at or each.created_at).date(), "date") for each in (old, new)]
        found.insert(0, Difference("rule", label_of("preset"), *(words % {"day": day} for day in days)))
    return found


def pay_sentences(version: ProgramVersion) -> list[str]:
    """What it pays, one sentence for each way."""
    currency = version.program.distributor.currency
    ways: list[tuple[Any, str]] = [
        (version.rate_per_kw, _("%(price)s for each kilowatt you use less, on average over an event")),
        (version.rate_per_kwh, _("%(price)s for each kilowatt hour you use less than usual")),
        (version.flat_per_event, _("%(price)s for each event you take part in")),
        (
            version.capacity_per_kw_month,
            _("%(price)s a month for each kilowatt you promise; in a month with events, for what of it you deliver"),
        ),
    ]
    found = [words % {"price": price_words(price, currency)} for price, words in ways if price]
    if version.points_per_kwh:
        words = ngettext(
            "%(count)d point for each kilowatt hour you use less than usual",
            "%(count)d points for each kilowatt hour you use less than usual",
            version.points_per_kwh,
        )
        found.append(words % {"count": version.points_per_kwh})
    return found + _extra_sentences(version, currency)


def _extra_sentences(version: ProgramVersion, currency: str) -> list[str]:
    found = []
    if version.threshold_kwh is not None:
        words = _("%(price)s more once you save %(kwh)s kWh in an event")
        price = price_words(version.threshold_amount, currency)
        found.append(words % {"price": price, "kwh": plain_words(version.threshold_kwh)})
    if version.bonus_factor is not None:
        words = _("%(price)s more if you deliver %(share)s %% of what you promised")
        price = price_words(version.bonus_amount, currency)
        found.append(words % {"price": price, "share": plain_words(version.bonus_factor * 100)})
    return found


def season_words(version: ProgramVersion) -> str:
    """When events may come: season, days and hours."""
    if version.season_start is None or version.season_end is None:
        parts = [_("All year")]
    else:
        words = _("%(first)s to %(last)s")
        days = {"first": version.season_start, "last": version.season_end}
        parts = [words % {key: day_words(day, "date") for key, day in days.items()}]
    if version.business_days_only:
        parts.append(_("Monday to Friday, not on holidays"))
    if version.hours_from is not None and version.hours_to is not None:
        hours = {"first": _hour(version.hours_from), "last": _hour(version.hours_to)}
        parts.append(_("between %(first)s and %(last)s") % hours)
    return ", ".join(parts)


def limit_words(version: ProgramVersion) -> str:
    """How often and how long, or an empty text without any limit."""
    counts: list[tuple[int | None, Callable[[int], str]]] = [
        (version.max_events, lambda n: ngettext("%(n)d event a season", "%(n)d events a season", n)),
        (version.max_events_per_week, lambda n: ngettext("%(n)d event a week", "%(n)d events a week", n)),
        (version.max_hours, lambda n: ngettext("%(n)d hour in all", "%(n)d hours in all", n)),
        (version.max_consecutive_days, lambda n: ngettext("%(n)d day in a row", "%(n)d days in a row", n)),
    ]
    parts = [words(count) % {"n": count} for count, words in counts if count is not None]
    if version.max_minutes is not None:
        parts.append(_("%(length)s at a time") % {"length": minutes_words(version.max_minutes)})
    return _("At most %(parts)s") % {"parts": ", ".join(parts)} if parts else ""


def notice_words(version: ProgramVersion) -> str:
    """How long before an event people are told."""
    if not version.notice_minutes:
        return _("As early as we can")
    return _("At least %(length)s before it starts") % {"length": minutes_words(version.notice_minutes)}


def answer_words(version: ProgramVersion) -> str:
    """What an answer does, and until when."""
    silent = (
        _("Without an answer you do not take part.")
        if version.opt_policy == OptPolicy.OPT_IN
        else _("Without an answer you take part.")
    )
    until = _("You can join or skip each event until it starts.")
    if version.opt_out_minutes:
        words = _("You can join or skip each event until %(length)s before it starts.")
        until = words % {"length": minutes_words(version.opt_out_minutes)}
    return f"{until} {silent} {_('Skipping in time costs nothing.')} {_longer_words(version)}"


def _longer_words(version: ProgramVersion) -> str:
    """What it means if an event is made longer while it runs."""
    if version.opt_policy == OptPolicy.OPT_IN:
        return _("If an event is made longer while it runs, the added time counts for you only if you say so.")
    words = _("An event may be made longer while it runs; you may then stop at the end that you were told first.")
    if not version.penalty_per_kw:
        return words
    return f"{words} {_('For organizations the added time counts only if they say so.')}"


def cost_words(version: ProgramVersion) -> str:
    """What it can cost whoever takes part."""
    if not version.penalty_per_kw:
        return _("Nothing. If you use more than usual, you are simply not paid.")
    price = price_words(version.penalty_per_kw, version.program.distributor.currency)
    words = _("Homes: nothing. Organizations: %(price)s for each kilowatt that was promised and not delivered.")
    return words % {"price": price}


def cap_words(version: ProgramVersion) -> str:
    """How much is paid at most, or an empty text."""
    currency = version.program.distributor.currency
    parts = {
        PayCap.UP_TO_NOMINATION: [_("up to the kilowatts you promised")],
        PayCap.UP_TO_SITE_LOAD: [_("up to your own usual use")],
        PayCap.EXPORTS_ALLOWED: [_("what you feed into the grid counts too")],
    }[PayCap(version.pay_cap)]
    if version.cap_per_event is not None:
        parts.append(_("%(price)s for an event at most") % {"price": price_words(version.cap_per_event, currency)})
    if version.cap_per_season is not None:
        parts.append(_("%(price)s for a season at most") % {"price": price_words(version.cap_per_season, currency)})
    return ", ".join(parts)


def plain_facts(version: ProgramVersion) -> list[dict[str, str]]:
    """The terms for whoever thinks of joining, as items of components/facts.html."""
    pays = pay_sentences(version)
    facts = [
        (_("What it pays"), "; ".join(pays) if pays else _("Nothing in money or points.")),
        (_("At most"), cap_words(version)),
        (_("When"), season_words(version)),
        (_("How often"), limit_words(version)),
        (_("Notice"), notice_words(version)),
        (_("Your answer"), answer_words(version)),
        (_("What it can cost you"), cost_words(version)),
        (_("Your usual use"), _measured_words(version)),
        (_("Drawn by lot"), _drawn_words(version)),
        (_("If you object"), _object_words(version)),
    ]
    return [{"label": label, "value": value} for label, value in facts if value]


def _measured_words(version: ProgramVersion) -> str:
    words = str(version.rule.get("description") or version.preset)
    return words if words.endswith(".") else f"{words}."


def _drawn_words(version: ProgramVersion) -> str:
    if not version.control_share:
        return ""
    words = _(
        "For each event %(share)s %% of the homes are drawn by lot and not asked. "
        "They show what would have been used without the event."
    )
    return words % {"share": plain_words(version.control_share * 100)}


def _object_words(version: ProgramVersion) -> str:
    if not version.dispute_days:
        return ""
    words = ngettext(
        "You have %(days)d day after the final figure.",
        "You have %(days)d days after the final figure.",
        version.dispute_days,
    )
    return words % {"days": version.dispute_days}
