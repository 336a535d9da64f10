"""A month at the wholesale meter, as sentences, tiles, rows and a chart."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.intervals import local_day
from common.money import round_half_up
from common.speech import day_words, number_words
from common.spreadsheet import safe_cell
from dashboards.charts import Pair
from dashboards.operator_facts.events import event_name
from dashboards.times import hours_words, span_words
from dashboards.words import money
from organizations.models import Distributor
from settlement.reports.wholesale import MonthValue
from settlement.reports.wholesale_month import EventHour, WholesaleMonth

HOUR = timedelta(hours=1)
KWH = 1000
FILE_COLUMNS = (
    "row", "hour_start", "program", "event_start", "minutes", "load_kw", "reduction_kw", "reduction_low_kw",
    "reduction_high_kw", "meters", "status", "amount", "amount_low", "amount_high", "currency",
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """A month as it is asked for: at this price, billed by this hour (None: by the highest one)."""

    distributor: Distributor
    month: WholesaleMonth
    cost_per_kw: Decimal
    billed_at: datetime | None
    value: MonthValue | None

    @property
    def zone(self) -> ZoneInfo:
        """The distributor's clock."""
        return self.distributor.zone

    def money(self, amount: Decimal) -> str:
        """An amount in the distributor's currency."""
        return money(amount, self.distributor.currency)


def kw(value: Fraction | float) -> str:
    """A power with its unit: whole from 1,000 kW on, else one decimal."""
    exact = Fraction(value)
    return f"{number_words(exact, 0 if abs(exact) >= KWH else 1)} kW"


def sentences(view: View) -> list[str]:
    """What the month's events were worth, in plain words."""
    value = view.value
    if value is None:
        return []
    peak = {"when": _hour(value.peak.start, view.zone), "kw": kw(value.peak.kw)}
    if view.billed_at is None:
        words = [_("The month is billed by its highest hour: %(when)s, with %(kw)s.") % peak]
    else:
        words = [_("The month is billed by the hour that you entered: %(when)s, with %(kw)s.") % peak]
    if view.billed_at is None and value.peak_without.start != value.peak.start:
        other = {"when": _hour(value.peak_without.start, view.zone), "kw": kw(value.peak_without.kw)}
        words.append(_("Without events the highest hour would have been %(when)s, with %(kw)s.") % other)
    else:
        words.append(_("Without events it would have been %(kw)s.") % {"kw": kw(value.peak_without.kw)})
    return [*words, _worth(view, value), *_how_sure(view, value)]


def _worth(view: View, value: MonthValue) -> str:
    price = {"price": view.money(view.cost_per_kw), "kw": kw(abs(value.avoided_kw))}
    if value.avoided_kw > 0:
        spared = price | {"amount": view.money(value.avoided_cost)}
        return _("So the events lowered what is billed by %(kw)s. At %(price)s per kW that spared %(amount)s.") % spared
    if value.avoided_kw < 0:
        lost = price | {"amount": view.money(abs(value.avoided_cost))}
        return _("So the events raised what is billed by %(kw)s. At %(price)s per kW that cost %(amount)s.") % lost
    return _("So the events did not lower what is billed: they lay in other hours.")


def _how_sure(view: View, value: MonthValue) -> Iterator[str]:
    if not view.month.hours:
        return
    if value.low_kw is None or value.high_kw is None or value.low_cost is None or value.high_cost is None:
        yield _(
            "How sure that is cannot be said: for an interval a rule must rest on at least two days, and their "
            "hours must be added up."
        )
        return
    words = {
        "low": kw(value.low_kw), "high": kw(value.high_kw),
        "low_cost": view.money(value.low_cost), "high_cost": view.money(value.high_cost),
    }  # fmt: skip
    yield (
        _(
            "In 9 of 10 cases the true figure lies between %(low)s and %(high)s, which is between %(low_cost)s and "
            "%(high_cost)s: nobody knows exactly what people would have used, and the days before differ by as much."
        )
        % words
    )
    if view.month.unsure:
        events = ", ".join(event_name(event) for event in view.month.unsure)
        yield _(
            "Of these events nobody can say how sure they are, so what they took off is taken as exact there: "
            "%(events)s."
        ) % {"events": events}


def tiles(view: View) -> list[dict[str, str]]:
    """The four figures of the month."""
    value = view.value
    if value is None:
        return []
    state = "estimate" if any(each.is_estimate for each in view.month.hours) else "final"
    return [
        {"label": _("Billed peak"), "value": kw(value.peak.kw), "note": _hour(value.peak.start, view.zone)},
        {
            "label": _("Peak without events"),
            "value": kw(value.peak_without.kw),
            "note": _hour(value.peak_without.start, view.zone),
            "state": state,
        },
        {
            "label": _("Taken off in the billed hour"),
            "value": kw(value.coincident_kw),
            "note": _("the coincident reduction"),
            "state": state,
        },
        {
            "label": _("Demand cost avoided"),
            "value": view.money(value.avoided_cost),
            "note": _range(view, value),
            "state": state,
        },
    ]


def _range(view: View, value: MonthValue) -> str:
    if value.low_cost is None or value.high_cost is None:
        return kw(value.avoided_kw)
    words = {"low": view.money(value.low_cost), "high": view.money(value.high_cost)}
    return _("9 in 10: %(low)s to %(high)s") % words


def warnings(view: View) -> list[str]:
    """What the reader must know before using the figures."""
    found = []
    if waiting := len(view.month.open_events):
        found.append(
            ngettext(
                "%(count)d event of the month is not worked out yet; what it took off is not in here.",
                "%(count)d events of the month are not worked out yet; what they took off is not in here.",
                waiting,
            )
            % {"count": waiting}
        )
    if any(each.is_estimate for each in view.month.hours):
        found.append(_("Some events are estimates so far; the figures may still change."))
    missing = [each for each in view.month.hours if each.start not in view.month.load_wh]
    if missing:
        found.append(_("Some hours of events have no readings that are added up; they are left out."))
    return found


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = [_("Event"), _("Hour"), _("Load"), _("Taken off"), _("9 in 10"), _("Meters"), _("Figures")]
    return [{"label": name, "numeric": place in (2, 3, 4, 5)} for place, name in enumerate(names)]


def rows(view: View) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html: one for each hour of each event."""
    return [{"cells": _cells(each, view)} for each in view.month.hours]


def _cells(each: EventHour, view: View) -> list[dict[str, Any]]:
    load = view.month.load_wh.get(each.start)
    low, high = _ends(each)
    state = (_("Estimate"), "estimate") if each.is_estimate else (_("Final"), "good")
    return [
        {
            "text": event_name(each.event),
            "sub": each.event.program.name,
            "url": reverse("operator_event", args=[each.event.pk]),
        },
        {"label": _("Hour"), "text": hours_words(each.start, each.start + HOUR, view.zone)},
        {"label": _("Load"), "text": "–" if load is None else kw(Fraction(load, KWH)), "numeric": True},
        {"label": _("Taken off"), "text": kw(each.reduction.energy_wh / KWH), "numeric": True},
        {
            "label": _("9 in 10"),
            "text": "–"
            if low is None or high is None
            else _("%(low)s to %(high)s") % {"low": kw(low), "high": kw(high)},
            "numeric": True,
        },
        {"label": _("Meters"), "text": number_words(each.meters), "numeric": True},
        {"label": _("Figures"), "badge": state[0], "tone": state[1]},
    ]


def _ends(each: EventHour) -> tuple[Fraction | None, Fraction | None]:
    """The 90 % interval of a reduction, in kW."""
    if each.reduction.width_wh is None:
        return None, None
    middle, width = each.reduction.energy_wh, Fraction(each.reduction.width_wh)
    return (middle - width) / KWH, (middle + width) / KWH


def day_pairs(view: View) -> list[Pair]:
    """The highest hour of each local day, as measured and as it would have been without events."""
    off = {start: each.energy_wh for start, each in view.month.reductions.items() if start in view.month.load_wh}
    days: dict[date, list[tuple[int, Fraction]]] = defaultdict(list)
    for start, wh in sorted(view.month.load_wh.items()):
        days[local_day(start, view.zone)].append((wh, wh + off.get(start, Fraction(0))))
    with_event = {local_day(start, view.zone) for start in off}
    return [_pair(day, hours, day in with_event, view) for day, hours in days.items()]


def _pair(day: date, hours: Sequence[tuple[int, Fraction]], has_event: bool, view: View) -> Pair:
    remarks = [_("event")] if has_event else []
    if view.value is not None and local_day(view.value.peak.start, view.zone) == day:
        remarks.append(_("billed"))
    measured, without = max(wh for wh, _off in hours), max(wh for _wh, wh in hours)
    mark = float(without / KWH) if has_event else None
    return Pair(day_words(day), str(day.day), measured / KWH, mark, ", ".join(remarks))


def say(view: View) -> str:
    """One sentence for the chart."""
    value = view.value
    if value is None:
        return ""
    top = {"when": _hour(value.peak.start, view.zone), "kw": kw(value.peak.kw)}
    return _("The billed hour is %(when)s, %(kw)s.") % top


def table_columns() -> list[str]:
    """The columns of the chart's table twin."""
    return [_("Day"), _("Measured, kW"), _("Without events, kW"), _("Remark")]


def keys() -> list[dict[str, str]]:
    """What the marks of the chart mean."""
    return [
        {"kind": "reading", "label": _("Highest hour of the day, measured")},
        {"kind": "target", "label": _("Without events")},
    ]


def _hour(start: datetime, zone: ZoneInfo) -> str:
    return span_words(start, start + HOUR, zone)


def file_rows(view: View) -> Iterator[Sequence[object]]:
    """The month for the power supplier: one row for each event and hour, then the summary. Times are UTC, power kW."""
    yield FILE_COLUMNS
    for each in view.month.hours:
        low, high = _ends(each)
        load = view.month.load_wh.get(each.start)
        yield (
            "event_hour", _utc(each.start), safe_cell(each.event.program.name), _utc(each.event.start), each.minutes,
            "" if load is None else _exact(Fraction(load, KWH)), _exact(each.reduction.energy_wh / KWH), _exact(low),
            _exact(high), each.meters, "estimate" if each.is_estimate else "final", "", "", "", "",
        )  # fmt: skip
    if view.value is not None:
        yield from _summary(view, view.value)


def _summary(view: View, value: MonthValue) -> Iterator[Sequence[object]]:
    low, high = value.low_kw, value.high_kw
    state = "estimate" if any(each.is_estimate for each in view.month.hours) or view.month.open_events else "final"
    gap = [""] * 3
    money_gap = [""] * 4
    yield ("billed_peak", _utc(value.peak.start), *gap, _exact(value.peak.kw), *gap, "", "final", *money_gap)
    without = value.peak_without
    yield ("peak_without_events", _utc(without.start), *gap, _exact(without.kw), *gap, "", state, *money_gap)
    coincident = _exact(value.coincident_kw)
    yield ("coincident_reduction", _utc(value.peak.start), *gap, "", coincident, "", "", "", state, *money_gap)
    yield (
        "avoided", _utc(value.peak.start), *gap, "", _exact(value.avoided_kw), _exact(low), _exact(high), "", state,
        f"{value.avoided_cost:.2f}", _money(value.low_cost), _money(value.high_cost), view.distributor.currency,
    )  # fmt: skip


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"


def _exact(value: Fraction | None) -> str:
    return "" if value is None else f"{round_half_up(value, 3):f}"


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
