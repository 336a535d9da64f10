"""Why an amount is what it is, out of a settlement line and its frozen trace, in plain words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.errors import PortalError
from common.money import parse_fraction
from common.speech import day_words, number_words, plain_words
from dashboards.selectors.rewards import MEASURED, currency_of
from dashboards.selectors.statement_days import DayGroup, Visited, groups_of
from dashboards.times import hours_words, moment_words
from dashboards.words import kwh, money
from events.models import PayCap
from settlement.baselines import AdjustmentKind, BaselineError, Preset, rule_data, rule_hash
from settlement.models import LineKind, LineStatus, SettlementLine
from settlement.own_rules import frozen_rule, rule_named
from settlement.traces import end_of, opened
from settlement.words.rules import words_of


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One interval of the event: energies in Wh, usual and average exact; `used_wh` None while missing."""

    start: datetime
    end: datetime
    usual_wh: Fraction
    average_wh: Fraction
    used_wh: int | None
    estimated: bool
    counts: bool

    @property
    def saved_wh(self) -> Fraction | None:
        """Usual less used, below zero where more was used."""
        return None if self.used_wh is None else self.usual_wh - self.used_wh


class Statement:
    """One line of a settlement, opened. The line comes with event, program, distributor, version and meter."""

    def __init__(self, line: SettlementLine) -> None:
        self.line = line
        self.event = line.run.event
        self.zone = self.event.program.zone
        self.currency = currency_of(line)
        self.trace: dict[str, Any] = opened(line)

    @cached_property
    def rule(self) -> Preset | None:
        """The rule of the run; None where a trial's rule is not known any more."""
        run, version = self.line.run, self.event.version
        try:
            own = run.preset == version.preset
            distributor = self.event.program.distributor
            rule = frozen_rule(version) if own else rule_named(distributor=distributor, name=run.preset)
        except (BaselineError, PortalError):
            return None
        return rule if rule_hash(rule) == run.rule_sha256 else None

    @property
    def is_energy(self) -> bool:
        """Whether each kWh is paid, and not the mean power."""
        return self.line.kind == LineKind.ENERGY

    @property
    def is_measured(self) -> bool:
        """Whether there is a saving to show, paid or not."""
        return self.line.status in MEASURED and self.line.baseline_wh is not None

    @property
    def slots(self) -> list[SlotLine]:
        """The event's intervals, in order."""
        length = timedelta(minutes=self.trace.get("minutes", 60))
        return [_slot(row, length) for row in self.trace.get("slots", [])]

    @property
    def days(self) -> list[Visited]:
        """The days that were looked at, newest first."""
        return [Visited.of(row) for row in self.trace.get("days", [])]

    @property
    def flags(self) -> list[str]:
        """What a reader should know besides the numbers."""
        return list(self.trace.get("flags", []))

    @property
    def saved_wh(self) -> Fraction:
        """The signed saving over the whole event."""
        return parse_fraction(self.line.performance_wh) if self.line.performance_wh else Fraction(0)

    @property
    def hours(self) -> Fraction:
        """How long the event was for this meter."""
        return Fraction((self.end - self.event.start) // timedelta(minutes=1), 60)

    @property
    def end(self) -> datetime:
        """The event's end, or the earlier one at which the meter stopped."""
        return end_of(self.trace, self.event.end)

    @property
    def mean_kw(self) -> Fraction:
        """Mean reduction in kW, never below zero."""
        return max(Fraction(0), self.saved_wh / 1000 / self.hours)

    @property
    def is_capped(self) -> bool:
        """Whether more was delivered than agreed, so that the agreed power was paid."""
        return self.limit_kw is not None and self.mean_kw > Fraction(self.limit_kw)

    @property
    def limit_kw(self) -> Decimal | None:
        """The agreed power, where the terms pay no more than that."""
        return self.line.nomination_kw if self._is_limited else None

    @property
    def _is_limited(self) -> bool:
        return self.event.version.pay_cap == PayCap.UP_TO_NOMINATION

    @property
    def paid_kw(self) -> Fraction:
        """The mean kW that were paid."""
        return min(self.mean_kw, Fraction(self.limit_kw or 0)) if self._is_limited else self.mean_kw


def _slot(row: dict[str, Any], length: timedelta) -> SlotLine:
    start = datetime.fromisoformat(row["start"])
    return SlotLine(
        start=start,
        end=start + length,
        usual_wh=parse_fraction(row["baseline_wh"]),
        average_wh=parse_fraction(row["unadjusted_wh"]),
        used_wh=row["actual_wh"],
        estimated=row["estimated"],
        counts=row["counts"],
    )


def context_of(statement: Statement) -> dict[str, Any]:
    """What the page shows of a statement, in words."""
    days = statement.days
    return {
        "statement": statement,
        "sum": _sum(statement) if statement.is_measured else None,
        "footnote": _footnote(statement) if statement.is_measured else "",
        "missing": missing_words(statement),
        "slot_rows": [_slot_row(statement, slot) for slot in statement.slots],
        "slot_total": _total_row(statement),
        "has_remarks": any(slot.estimated or not slot.counts for slot in statement.slots),
        "keys": _keys(statement),
        "groups": groups_of(days),
        "used_rows": _used_rows(days),
        "days_sentence": _days_sentence(days),
        "adjustment": _adjustment(statement),
        "checks": _checks(statement),
        "rule": _rule(statement),
    }


def _sum(statement: Statement) -> dict[str, str]:
    line = statement.line
    usual = parse_fraction(line.baseline_wh) if line.baseline_wh else Fraction(0)
    return {
        "usual": kwh(usual, 3),
        "used": kwh(line.event_wh or 0, 3),
        "saved": kwh(statement.saved_wh, 3),
        "hours": plain_words(statement.hours),
        "price": money(_price(statement), statement.currency),
        "paid": money(line.credit, statement.currency),
    }


def _price(statement: Statement) -> Decimal:
    version = statement.event.version
    return version.rate_per_kwh if statement.is_energy else version.rate_per_kw


def _footnote(statement: Statement) -> str:
    line, price = statement.line, money(_price(statement), statement.currency)
    if line.status == LineStatus.NO_NOMINATION:
        return _("No power was agreed for this meter, so the saving is shown and nothing is paid.")
    if statement.saved_wh <= 0:
        return _("You did not use less than usual over the event, so nothing is paid. It costs you nothing.")
    if statement.is_energy:
        told = {"saved": kwh(statement.saved_wh, 3), "price": price, "paid": money(line.credit, statement.currency)}
        return _("%(saved)s kWh at %(price)s per kWh is %(paid)s, rounded once to the cent.") % told
    words = {"saved": kwh(statement.saved_wh, 3), "hours": _hours(statement.hours), "mean": _kw(statement.mean_kw)}
    mean = _("%(saved)s kWh over %(hours)s is %(mean)s kW on average.") % words
    cap = ""
    if statement.is_capped:
        cap = _(" At most the %(kw)s kW agreed for this meter are paid.") % {"kw": _plain(line.nomination_kw)}
    paid = {"kw": _kw(statement.paid_kw), "price": price, "paid": money(line.credit, statement.currency)}
    return mean + cap + _(" %(kw)s kW at %(price)s per kW is %(paid)s, rounded once to the cent.") % paid


def missing_words(statement: Statement) -> str:
    """Why nothing could be measured, or nothing."""
    return {
        LineStatus.INSUFFICIENT_HISTORY: _(
            "There are too few ordinary days with readings to say what is usual for you. Nothing is paid and "
            "nothing is held against you."
        ),
        LineStatus.DATA_PENDING: _("Readings of the event are still missing. The sum is done again when they arrive."),
        LineStatus.UNMEASURED: _(
            "Readings of the event never arrived, so it could not be measured. Nothing is held against you."
        ),
    }.get(LineStatus(statement.line.status), "")


def _slot_row(statement: Statement, slot: SlotLine) -> list[str]:
    remark = _("estimated, earns nothing") if not slot.counts else _("estimated") if slot.estimated else ""
    used = _("no data") if slot.used_wh is None else kwh(slot.used_wh, 3)
    saved = "–" if slot.saved_wh is None else kwh(slot.saved_wh, 3)
    return [hours_words(slot.start, slot.end, statement.zone), kwh(slot.usual_wh, 3), used, saved, remark]


def _keys(statement: Statement) -> list[dict[str, str]]:
    keys = [{"kind": "reading", "label": _("what you used")}, {"kind": "usual", "label": _("your usual use")}]
    if any(slot.average_wh != slot.usual_wh for slot in statement.slots):
        keys.append({"kind": "average", "label": _("average of your days")})
    return [*keys, {"kind": "saved", "label": _("saved")}]


def _total_row(statement: Statement) -> list[str]:
    if not statement.is_measured:
        return []
    numbers = _sum(statement)
    return [_("Together"), numbers["usual"], numbers["used"], numbers["saved"], ""]


def _used_rows(days: Sequence[Visited]) -> list[list[str]]:
    return [[day.words, kwh(day.mean_wh, 3)] for day in days if day.is_used and day.mean_wh is not None]


def _days_sentence(days: Sequence[Visited]) -> str:
    used = [day.day for day in days if day.is_used]
    if not used:
        return _("No day could be used.")
    words = {"count": len(used), "first": _short(min(used)), "last": _short(max(used))}
    return (
        ngettext(
            "One ordinary day was found: %(last)s.",
            "We walked back day by day and averaged %(count)s days, from %(first)s to %(last)s.",
            len(used),
        )
        % words
    )


def _short(day: date) -> str:
    return day_words(day, "day of month")


def _adjustment(statement: Statement) -> dict[str, Any] | None:
    """How the average was moved by the hours before the event; None where the rule does not."""
    applied = statement.trace.get("adjustment_applied")
    if applied is None:
        return None
    value, raw = parse_fraction(applied), statement.trace.get("adjustment_raw")
    limited = "ADJUSTMENT_CLAMPED" in statement.flags
    ratio = _is_ratio(statement)
    number = number_words(value, 3) if ratio else f"{kwh(value, 3)} kWh"
    found = "" if raw is None else number_words(parse_fraction(raw), 3)
    words = _("Your average was multiplied by %(number)s.") if ratio else _("To each interval %(number)s were added.")
    note = _("The rule limits this; without the limit it were %(found)s.") % {"found": found}
    return {"number": number, "words": words % {"number": number}, "note": note if limited and ratio else ""}


def _is_ratio(statement: Statement) -> bool:
    rule = statement.rule
    return rule is not None and rule.adjustment is not None and rule.adjustment.kind is AdjustmentKind.RATIO


def _checks(statement: Statement) -> list[dict[str, Any]]:
    """What was checked: title, words, and whether all is well."""
    return [
        _readings_check(statement),
        *_pay_checks(statement),
        *_rule_check(statement),
        *_flag_checks(statement),
    ]


def _rule_check(statement: Statement) -> list[dict[str, Any]]:
    """Rule and prices were fixed before people were told of the event."""
    event, frozen_at = statement.event, statement.event.version.published_at
    if frozen_at is None:
        return []
    told = event.notified_at if event.notified_at is not None and event.notified_at < event.start else event.start
    words = {"frozen": day_words(frozen_at, "date"), "told": moment_words(told, statement.zone)}
    if frozen_at > told:
        title, text = _("Rule fixed later"), _("Fixed %(frozen)s; the event of %(told)s was recorded afterwards.")
        return [{"title": title, "words": text % words, "good": False}]
    text = _("Rule and prices were fixed %(frozen)s. You were told %(told)s.")
    return [{"title": _("Rule fixed first"), "words": text % words, "good": True}]


def _readings_check(statement: Statement) -> dict[str, Any]:
    slots = statement.slots
    present = sum(slot.used_wh is not None for slot in slots)
    estimated = sum(slot.estimated for slot in slots)
    words = _("%(present)s of %(all)s intervals of the event have a reading; %(estimated)s estimated.")
    counts = {"present": present, "all": len(slots), "estimated": estimated or _("none")}
    good = bool(slots) and present == len(slots) and not estimated
    title = _("Readings complete") if good else _("Readings not complete")
    return {"title": title, "words": words % counts, "good": good}


def _pay_checks(statement: Statement) -> list[dict[str, Any]]:
    if not statement.is_measured:
        return []
    below_zero = {
        "title": _("Never below zero"),
        "words": _("The event counts as a whole. You never owe anything."),
        "good": True,
    }
    kw = statement.limit_kw
    if kw is None:
        return [below_zero]
    title = _("Pay limit reached") if statement.is_capped else _("Pay limit not reached")
    words = _("At most the agreed %(kw)s kW are paid.") % {"kw": _plain(kw)}
    source = _source_words(statement.trace.get("nomination_source") or "")
    return [{"title": title, "words": f"{words} {source}." if source else words, "good": True}, below_zero]


def _source_words(source: str) -> str:
    """Where the agreed power comes from: a list of meters is stored as "Meter list, 2026-07-22"."""
    listed, _comma, day = source.partition(", ")
    try:
        when = date.fromisoformat(day) if listed == "Meter list" else None
    except ValueError:
        when = None
    return source if when is None else _("Meter list of %(day)s") % {"day": day_words(when, "date")}


def _flag_checks(statement: Statement) -> list[dict[str, Any]]:
    words = {
        "LOOKBACK_EXTENDED": _("We had to look further back than usual for enough days."),
        "POOL_SHORT": _("Fewer days than the rule wants were found; it allows so few."),
        "EVENT_DAYS_TAKEN": _("Too few ordinary days: days with an event were taken too, those with the most use."),
        "WINDOW_MOVED_BEFORE_NOTICE": _("You were told shortly before, so only hours before that were compared."),
        "WINDOW_INCOMPLETE": _("Readings before the event are missing, so the average was not scaled."),
        "WINDOW_NOT_USUAL": _(
            "Another event, a test or an outage lay in the hours before the event, so they moved nothing."
        ),
        "WINDOW_BASELINE_NOT_POSITIVE": _("There was no use before the event on those days, so nothing was scaled."),
        "ESTIMATED_EVENT_READINGS": _("Some readings of the event are estimates."),
        "PREDICTION_MISSING": _("No prediction had been made for the hours of the event before you were told."),
        "GROUP_TOO_SMALL": _("Too few of the homes picked by lot could be measured to compare with."),
        "SIZE_NOT_POSITIVE": _("Usual use is not above zero, so nothing can be scaled to it."),
    }
    found = [words[flag] for flag in statement.flags if flag in words]
    return [{"title": _("Good to know"), "words": sentence, "good": False} for sentence in found]


def _rule(statement: Statement) -> dict[str, Any]:
    """The rule as it was used: words, name, fingerprint, prices."""
    name, run = statement.line.run.preset, statement.line.run
    description = "" if statement.rule is None else words_of(statement.rule)
    price = money(_price(statement), statement.currency)
    price = (
        _("%(price)s per kWh") % {"price": price} if statement.is_energy else _("%(price)s per kW") % {"price": price}
    )
    return {
        "description": description,
        "facts": [
            {"label": _("Name"), "value": name},
            {"label": _("Program version"), "value": str(statement.event.version.number)},
            {"label": _("Price"), "value": price},
        ],
        "full": "" if statement.rule is None else json.dumps(rule_data(statement.rule), indent=2, ensure_ascii=False),
        "sha256": run.rule_sha256,
        "inputs_sha256": run.inputs_sha256,
    }


def _hours(hours: Fraction) -> str:
    return _("%(hours)s hours") % {"hours": plain_words(hours)} if hours != 1 else _("one hour")


def _kw(value: Fraction) -> str:
    return kwh(value * 1000, 3)


def _plain(value: Any) -> str:
    return plain_words(value)


__all__ = ["DayGroup", "SlotLine", "Statement", "context_of"]
