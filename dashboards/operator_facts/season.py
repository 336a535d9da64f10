"""A season of a program as sentences, tiles, rows, charts and files."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.intervals import local_day
from common.speech import day_words, float_words, number_words, percent_words
from common.spreadsheet import safe_cell
from dashboards.charts import Pair
from dashboards.operator_facts.events import event_name
from dashboards.words import kwh, money
from events.models import Program
from settlement.models import RunKind
from settlement.reports.fatigue import Fatigue, Trend
from settlement.reports.season import EventFigures, Season, SeasonReport

FILE_COLUMNS = (
    "number", "start", "end", "figures", "asked", "took_part", "measured_meters", "nominated_kw", "delivered_kw",
    "delivered_kwh", "delivered_kw_per_meter", "cost", "demand_savings", "currency",
)  # fmt: skip
KIND_NAMES = {None: "open", RunKind.PRELIMINARY: "estimate", RunKind.FINAL: "final"}


def season_name(season: Season) -> str:
    """A year, or from when to when."""
    if season.key.isdigit():
        return _("Year %(year)s") % {"year": season.key}
    days = {"first": day_words(season.first, "date"), "last": day_words(season.last, "date")}
    return _("Season from %(first)s to %(last)s") % days


def share(value: float | None) -> str:
    """A share in percent, a dash without one."""
    return "–" if value is None else percent_words(value)


def kw(value: float | Decimal | None, places: int = 1) -> str:
    """A power with its unit, a dash without one."""
    return "–" if value is None else f"{float_words(float(value), places)} kW"


def tiles(report: SeasonReport) -> list[dict[str, str]]:
    """The figures of the season; saved in events comes first."""
    state = "estimate" if report.has_estimates else "final"
    currency = report.program.distributor.currency
    per_kw = report.cost_per_kw
    net = _("%(saved)s spared less what it cost") % {"saved": money(report.demand_savings, currency)}
    promised = _("%(delivered)s of %(nominated)s") % {
        "delivered": kw(report.delivered_kw), "nominated": kw(report.nominated_kw)
    }  # fmt: skip
    return [
        {
            "label": _("Saved in events"),
            "value": kwh(report.delivered_wh),
            "unit": "kWh",
            "note": _events(report),
            "state": state,
        },
        {
            "label": _("Delivered of nominated"),
            "value": share(report.share_delivered),
            "note": promised,
            "state": state,
        },
        {
            "label": _("Took part"),
            "value": share(report.share_joined),
            "note": _("of all times that a meter was asked"),
        },
        {
            "label": _("Cost"),
            "value": money(report.cost, currency),
            "note": _beside(report),
            "state": state,
        },
        {
            "label": _("Cost per kW delivered"),
            "value": "–" if per_kw is None else money(per_kw, currency),
            "note": _("in one event"),
            "state": state,
        },
        {"label": _("Net"), "value": money(report.net, currency), "note": net, "state": state},
    ]  # fmt: skip


def _beside(report: SeasonReport) -> str:
    """What of the cost is no event's reward."""
    currency = report.program.distributor.currency
    beside = [
        words % {"amount": money(amount, currency)}
        for amount, words in (
            (report.standby, _("%(amount)s of it for standing by")),
            (report.adjusted, _("%(amount)s of it adjusted")),
        )
        if amount
    ]
    return ", ".join(beside) or _("rewards")


def _events(report: SeasonReport) -> str:
    count, done = len(report.events), len(report.worked_out)
    if done < count:
        return _("%(done)d of %(count)d events worked out") % {"done": done, "count": count}
    return ngettext("%(count)d event", "%(count)d events", count) % {"count": count}


def fatigue_words(found: Fatigue) -> str:
    """Whether people tire, in plain words."""
    if found.trend is Trend.TOO_FEW:
        return _("Too few events to say whether people tire: at least three must be worked out.")
    slope, low, high = (found.share(each) for each in (found.slope_kw, found.low_kw, found.high_kw))
    if slope is None or low is None or high is None:
        return _("Nothing was delivered, so there is nothing to tire of.")
    words = {"share": _tenth(abs(slope)), "low": _tenth(low), "high": _tenth(high)}
    if found.trend is Trend.NO_SIGN:
        return (
            _(
                "No sign of fatigue: from one event to the next, what a meter delivers changes by %(low)s to %(high)s "
                "(9 in 10), and no change lies in between."
            )
            % words
        )
    if found.trend is Trend.FALLS:
        words |= {"low": _tenth(abs(high)), "high": _tenth(abs(low))}
        return (
            _(
                "A sign of fatigue: what a meter delivers falls by %(share)s with each event, between %(low)s and "
                "%(high)s (9 in 10)."
            )
            % words
        )
    return (
        _(
            "No sign of fatigue: what a meter delivers rises by %(share)s with each event, between %(low)s and "
            "%(high)s (9 in 10)."
        )
        % words
    )


def _tenth(value: float) -> str:
    """A share with one decimal: slopes are small."""
    return f"{float_words(value * 100, 1)} %"


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = [_("Event"), _("Took part"), _("Delivered"), _("Per meter"), _("Cost"), _("Spared"), _("Figures")]
    return [{"label": name, "numeric": 0 < place < 6} for place, name in enumerate(names)]


def rows(report: SeasonReport) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html, in the order of the season."""
    return [{"cells": _cells(each, report.program)} for each in report.events]


def _cells(each: EventFigures, program: Program) -> list[dict[str, Any]]:
    currency = program.distributor.currency
    has_figures = each.run_kind is not None
    took = _("%(joined)d of %(asked)d") % {"joined": each.joined, "asked": each.asked}
    return [
        {
            "text": f"{each.number}. {event_name(each.event)}",
            "url": reverse("operator_event", args=[each.event.pk]),
        },
        {"label": _("Took part"), "text": took, "sub": share(each.share_joined), "numeric": True},
        {
            "label": _("Delivered"),
            "text": kw(each.delivered_kw) if has_figures else "–",
            "sub": _("%(share)s of %(kw)s") % {"share": share(each.share_delivered), "kw": kw(each.nominated_kw)}
            if has_figures and each.nominated_kw
            else "",
            "numeric": True,
        },
        {"label": _("Per meter"), "text": kw(each.kw_each, 2), "numeric": True},
        {"label": _("Cost"), "text": money(each.credit, currency) if has_figures else "–", "numeric": True},
        {"label": _("Spared"), "text": money(each.demand_savings, currency) if has_figures else "–", "numeric": True},
        {"label": _("Figures"), **badge(each.run_kind)},
    ]


def badge(kind: RunKind | None) -> dict[str, str]:
    """How binding figures are, as word and tone."""
    if kind is None:
        return {"badge": _("Not worked out"), "tone": ""}
    return (
        {"badge": _("Final"), "tone": "good"} if kind is RunKind.FINAL else {"badge": _("Estimate"), "tone": "estimate"}
    )


def delivered_pairs(report: SeasonReport) -> list[Pair]:
    """What each event delivered, against what was nominated."""
    return [
        _pair(each, report.program, each.delivered_kw, float(each.nominated_kw) if each.nominated_kw else None)
        for each in report.worked_out
    ]


def fatigue_pairs(report: SeasonReport) -> list[Pair]:
    """What each event delivered per meter, against the line through them."""
    found = report.fatigue
    has_line = found.trend is not Trend.TOO_FEW
    return [
        _pair(each, report.program, each.kw_each, found.at(each.number) if has_line else None)
        for each in report.worked_out
        if each.kw_each is not None
    ]


def _pair(each: EventFigures, program: Program, value: float | None, mark: float | None) -> Pair:
    day = day_words(local_day(each.event.start, program.zone))
    is_estimate = each.run_kind is not RunKind.FINAL
    return Pair(
        f"{each.number}. {day}", str(each.number), value, mark, _("estimate") if is_estimate else "", is_estimate
    )


def delivered_words(report: SeasonReport) -> str:
    """One sentence for the first chart."""
    words = {"delivered": kw(report.delivered_kw), "nominated": kw(report.nominated_kw)}
    if not report.nominated_kw:
        return _("All events together delivered %(delivered)s.") % words
    words["share"] = share(report.share_delivered)
    return _("All events together delivered %(delivered)s of %(nominated)s nominated.") % words


def delivered_columns() -> list[str]:
    """The first chart's table twin."""
    return [_("Event"), _("Delivered, kW"), _("Nominated, kW"), _("Remark")]


def fatigue_columns() -> list[str]:
    """The second chart's table twin."""
    return [_("Event"), _("Per meter, kW"), _("Trend, kW"), _("Remark")]


def delivered_keys() -> list[dict[str, str]]:
    """What the first chart's marks mean."""
    return [{"kind": "reading", "label": _("Delivered")}, {"kind": "target", "label": _("Nominated")}]


def fatigue_keys() -> list[dict[str, str]]:
    """What the second chart's marks mean."""
    return [{"kind": "reading", "label": _("Delivered per meter")}, {"kind": "target", "label": _("Trend")}]


def compared_columns() -> list[dict[str, Any]]:
    """The columns of `compared_rows`."""
    names = [
        _("Program"), _("Events"), _("Saved in events"), _("Delivered of nominated"), _("Took part"), _("Cost per kW"),
        _("Net"),
    ]  # fmt: skip
    return [{"label": name, "numeric": place > 0} for place, name in enumerate(names)]


def compared_rows(reports: Sequence[SeasonReport]) -> list[dict[str, Any]]:
    """Each program's season beside the others."""
    return [{"cells": _compared(report)} for report in reports]


def _compared(report: SeasonReport) -> list[dict[str, Any]]:
    currency, per_kw = report.program.distributor.currency, report.cost_per_kw
    url = reverse("operator_season", args=[report.program.pk])
    cells: list[dict[str, Any]] = [
        {"text": report.program.name, "sub": season_name(report.season), "url": f"{url}?season={report.season.key}"},
        {"label": _("Events"), "text": number_words(len(report.events)), "sub": trend_words(report.fatigue)},
        {"label": _("Saved in events"), "text": f"{kwh(report.delivered_wh)} kWh"},
        {"label": _("Delivered of nominated"), "text": share(report.share_delivered)},
        {"label": _("Took part"), "text": share(report.share_joined)},
        {"label": _("Cost per kW"), "text": "–" if per_kw is None else money(per_kw, currency)},
        {
            "label": _("Net"),
            "text": money(report.net, currency) if report.worked_out else "–",
            "sub": _("estimate") if report.has_estimates else "",
        },
    ]
    return cells[:1] + [cell | {"numeric": True} for cell in cells[1:]]


def trend_words(found: Fatigue) -> str:
    """Whether people tire, in two words."""
    return {
        Trend.FALLS: _("fatigue"),
        Trend.RISES: _("no fatigue"),
        Trend.NO_SIGN: _("no sign of fatigue"),
        Trend.TOO_FEW: "",
    }[found.trend]


def file_rows(report: SeasonReport) -> Iterator[Sequence[object]]:
    """One row for each event of the season; times are UTC."""
    yield FILE_COLUMNS
    for data in season_data(report)["events"]:
        yield [safe_cell(data[name]) if name == "currency" else _cell(data[name]) for name in FILE_COLUMNS]


def _cell(value: object) -> object:
    return "" if value is None else value


def season_data(report: SeasonReport) -> dict[str, Any]:
    """The season as JSON values; money as text, power in kW."""
    found, per_kw = report.fatigue, report.cost_per_kw
    return {
        "program": report.program.name,
        "season": {"first_day": report.season.first.isoformat(), "last_day": report.season.last.isoformat()},
        "currency": report.program.distributor.currency,
        "delivered_kwh": f"{report.delivered_wh / 1000:.3f}",
        "delivered_kw": f"{report.delivered_kw:.3f}",
        "nominated_kw": f"{report.nominated_kw:.3f}",
        "cost": f"{report.cost:.2f}",
        "standby": f"{report.standby:.2f}",
        "adjusted": f"{report.adjusted:.2f}",
        "cost_per_kw": None if per_kw is None else f"{per_kw:.2f}",
        "demand_savings": f"{report.demand_savings:.2f}",
        "net": f"{report.net:.2f}",
        "has_estimates": report.has_estimates,
        "fatigue": {
            "trend": found.trend.value,
            "kw_per_event": round(found.slope_kw, 6),
            "low_90": round(found.low_kw, 6),
            "high_90": round(found.high_kw, 6),
        },
        "events": [_event_data(each, report.program.distributor.currency) for each in report.events],
    }


def _event_data(each: EventFigures, currency: str) -> dict[str, Any]:
    has_figures = each.run_kind is not None
    figures = {
        "measured_meters": each.measured,
        "nominated_kw": f"{each.nominated_kw:.3f}",
        "delivered_kw": f"{each.delivered_kw:.3f}",
        "delivered_kwh": f"{each.delivered_wh / 1000:.3f}",
        "delivered_kw_per_meter": None if each.kw_each is None else f"{each.kw_each:.3f}",
        "cost": f"{each.credit:.2f}",
        "demand_savings": f"{each.demand_savings:.2f}",
    }
    return {
        "number": each.number,
        "start": f"{each.event.start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{each.event.end:%Y-%m-%dT%H:%M:%SZ}",
        "figures": KIND_NAMES[each.run_kind],
        "asked": each.asked,
        "took_part": each.joined,
        **(figures if has_figures else dict.fromkeys(figures)),
        "currency": currency,
    }
