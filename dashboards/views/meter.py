"""The page of one meter: its use, two periods compared, and its hours against its days."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from common.intervals import DAY, local_day
from dashboards.charts import Payload, heat_columns
from dashboards.charts.sums import sums_payload
from dashboards.errors import BadRange
from dashboards.live import live_seconds
from dashboards.operator_facts.own_devices import device_rows
from dashboards.selectors import comparison, hours, rewards, savings, sums, use
from dashboards.selectors.moving import residence_of
from dashboards.selectors.organization import meters_of
from dashboards.selectors.own_devices import devices_at
from dashboards.selectors.spans import DAYS_AHEAD, Period, Span, period_span, span_of
from dashboards.times import day_words, long_day_words
from dashboards.views.meter_asked import Reader, periods_asked, reader_of, span_asked
from dashboards.views.resident import fresh_words
from meters.models import Meter
from organizations.access import Role, role_of

USE, COMPARE, HOURS = "use", "compare", "hours"
# Rows of a table that stand in the page itself; the script shows all.
ROWS_IN_PAGE = 31


@require_GET
def meter_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A meter over some dates: one of three looks at them, each with its own address."""
    reader = reader_of(request, pk)
    look = request.GET.get("show", USE)
    parts = {COMPARE: _compare_part, HOURS: _hours_part}.get(look, _use_part)
    try:
        span, refusal = span_asked(request, reader), ""
        periods_asked(request, reader)
    except BadRange as error:
        span, refusal = span_of({}, anchor=reader.anchor, zone=reader.meter.zone), str(error)
    context = {
        "meter": reader.meter,
        "refusal": refusal,
        "held": _held_words(reader),
        "residence": residence_of(reader.user, reader.meter),
        "lead": _lead(reader.meter),
        "crumbs": _crumbs(reader.user, reader.meter),
        "siblings": _siblings(reader.user, reader.meter),
        "devices": device_rows(devices_at(reader.user, reader.meter, timezone.now()), reader.meter.zone),
        "file_url": _address("meter_readings_file", reader.meter, span.query),
        "green_button_url": _address("meter_green_button", reader.meter, span.query),
        **parts(request, reader, span, has_refusal=bool(refusal)),
    }
    return render(request, "dashboards/meter/detail.html", context)


def _use_part(request: HttpRequest, reader: Reader, span: Span, *, has_refusal: bool) -> dict[str, Any]:
    meter, now = reader.meter, timezone.now()
    around = reader.around(span)
    slots = use.meter_slots(user=reader.user, meter=meter, span=span)
    latest = use.latest_of(slots)
    chart = use.meter_chart(slots, meter=meter, span=span, around=around)
    return {
        "look": USE,
        "chart": use.with_table(chart, meter),
        "live_seconds": live_seconds(around.event_spans, now, newest=latest.end if latest else None, span=span),
        "fresh": fresh_words(latest, meter, now) if span.end > now else None,
        "chart_keys": use.chart_keys(slots, around),
        "peaks": chart.get("lists", {}).get("peaks", []),
        "dates": _dates(span, meter),
        "participation_url": _address("chart_participation", meter, span.query),
        **_data_addresses("chart_meter", "meter_chart_file", meter, span.query),
        "peaks_file_url": _address("meter_peaks_file", meter, span.query),
        **_bars(reader, span),
        **_figures(reader.user, meter, span),
        **_navigation(reader, span, USE),
    }


def _bars(reader: Reader, span: Span) -> dict[str, Any]:
    """The bars of a month or a year; nothing for shorter dates."""
    if not sums.has_bars(span):
        return {}
    found = sums.bars_of(user=reader.user, meter=reader.meter, span=span)
    return {
        "sums": sums_payload(found, reader.meter.zone),
        "sums_columns": [_("Time"), "kWh", _("Remark")],
        "sums_url": _address("chart_meter_sums", reader.meter, span.query),
        "sums_file_url": _address("meter_sums_file", reader.meter, span.query),
    }


def _hours_part(request: HttpRequest, reader: Reader, span: Span, *, has_refusal: bool) -> dict[str, Any]:
    meter = reader.meter
    if span.period is not None and span.period.kind == "day":
        span = period_span(Period.of("week", span.period.first), meter.zone)
    chart = hours.payload_of(user=reader.user, meter=meter, span=span)
    return {
        "look": HOURS,
        "chart": _shortened(chart),
        "columns": heat_columns(),
        "dates": _dates(span, meter),
        **_data_addresses("chart_meter_hours", "meter_hours_file", meter, span.query),
        **_navigation(reader, span, HOURS),
    }


def _compare_part(request: HttpRequest, reader: Reader, span: Span, *, has_refusal: bool) -> dict[str, Any]:
    meter = reader.meter
    newest = local_day(min(reader.anchor, span.end), meter.zone)
    this = span.period or Period.of("week", newest)
    other = this.previous if has_refusal else comparison.other_of(request.GET, this)
    found = comparison.compared(user=reader.user, meter=meter, this=this, other=other)
    chart = comparison.payload_of(found)
    query = f"{this.query}&{urlencode({'against': other.first.isoformat()})}"
    return {
        "look": COMPARE,
        "chart": _shortened(chart),
        "this": found.this.words,
        "other": found.other.words,
        "other_day": other.first.isoformat(),
        "kind": this.kind,
        "others": _others(this, other),
        "columns": [_("Time"), found.this.words, found.other.words, _("Difference"), _("Remark")],
        "chart_keys": [
            {"kind": "reading", "label": found.this.words},
            {"kind": "usual", "label": found.other.words},
        ],
        "sum_rows": chart.get("lists", {}).get("sums", []),
        **_data_addresses("chart_meter_comparison", "meter_comparison_file", meter, query),
        **_navigation(reader, period_span(this, meter.zone), COMPARE, kept={"against": request.GET.get("against", "")}),
    }


def _others(this: Period, other: Period) -> list[dict[str, Any]]:
    """What is often compared with, as addresses."""
    before = {
        "day": _("the day before"), "week": _("the week before"), "month": _("the month before"),
        "year": _("the year before"),
    }  # fmt: skip
    ways = {comparison.BEFORE: (before[this.kind], this.previous)}
    if this.kind != "year":
        ways[comparison.YEAR_BEFORE] = (_("a year before"), this.year_before)
    return [
        {"label": label, "url": f"?show={COMPARE}&{this.query}&against={way}", "current": period == other}
        for way, (label, period) in ways.items()
    ]


def _shortened(chart: Payload) -> Payload:
    """The payload for the page, with the first rows of its table: the script shows all of them."""
    return {**chart, "rows": chart["rows"][:ROWS_IN_PAGE]}


def _navigation(reader: Reader, span: Span, look: str, *, kept: dict[str, str] | None = None) -> dict[str, Any]:
    """Tabs, lengths, and the way to the dates before and after."""
    known = (comparison.BEFORE, comparison.YEAR_BEFORE)
    extra = {name: value for name, value in (kept or {}).items() if value in known}
    tail = f"&{urlencode({'show': look, **extra})}" if look != USE else ""
    zone, now = reader.meter.zone, timezone.now()
    return {
        "span": span,
        "tabs": _tabs(span, look),
        "ranges": _ranges(reader, span, look, tail),
        "steps": _steps(reader, span, tail),
        "tail": {"show": look, **extra} if look != USE else {},
        "title": span.period.words() if span.period else _dates(span, reader.meter),
        "first_day": local_day(span.start, zone).isoformat(),
        "last_day": local_day(max(min(span.end - timedelta(seconds=1), now), span.start), zone).isoformat(),
    }


def _tabs(span: Span, look: str) -> list[dict[str, Any]]:
    names = {USE: _("Use"), COMPARE: _("Compare"), HOURS: _("Hour by hour")}
    return [
        {"label": name, "url": f"?{span.query}" + (f"&show={key}" if key != USE else ""), "current": key == look}
        for key, name in names.items()
    ]


def _ranges(reader: Reader, span: Span, look: str, tail: str) -> list[dict[str, Any]]:
    """The lengths to choose from: of the dates that are shown, so that a week leads to its month."""
    names = {"day": _("Day"), "week": _("Week"), "month": _("Month"), "year": _("Year")}
    if look == HOURS:
        del names["day"]
    newest = local_day(min(reader.anchor, span.end - timedelta(seconds=1)), reader.meter.zone)
    first = local_day(span.start, reader.meter.zone)
    found = [
        {
            "label": name,
            "url": f"?{Period.of(kind, max(newest, first)).query}{tail}",
            "current": span.period is not None and span.period.kind == kind,
        }
        for kind, name in names.items()
    ]
    latest = {"label": _("Latest"), "url": f"?days=7{tail}", "current": span.days == 7}
    return found if look == COMPARE else [latest, *found]


def _steps(reader: Reader, span: Span, tail: str) -> dict[str, Any] | None:
    """Addresses of the period before, the one after (none where nothing is known yet) and the running one."""
    period = span.period
    if period is None:
        return None
    today = local_day(reader.anchor, reader.meter.zone)
    running = Period.of(period.kind, today)
    return {
        "before": f"?{period.previous.query}{tail}",
        "after": f"?{period.next.query}{tail}" if period.after <= today + DAYS_AHEAD * DAY else "",
        "today": "" if running == period else f"?{running.query}{tail}",
        "kind": period.kind,
        "day": period.first.isoformat(),
    }


def _lead(meter: Meter) -> str:
    words = [meter.number if meter.name else "", meter.usage_kind]
    return ", ".join(word for word in words if word)


def _crumbs(user: User, meter: Meter) -> list[dict[str, str]]:
    role = role_of(user)
    if role.is_member:
        parent = {"label": _("Meters"), "url": reverse("organization_meters")}
    elif role is Role.RESIDENT:
        parent = {"label": _("Home"), "url": reverse("home")}
    else:
        parent = {"label": _("Meters"), "url": reverse("operator_meters")}
    return [parent, {"label": meter.label, "url": ""}]


def _held_words(reader: Reader) -> str:
    """From when to when the meter was the reader's, where it no longer is."""
    now, end = timezone.now(), reader.held[-1].end if reader.held else None
    if end is None or any(holding.end is None or holding.end > now for holding in reader.held):
        return ""
    words = {"end": long_day_words(end, reader.meter.zone)}
    return _("This meter was yours until %(end)s; you see the readings of that time.") % words


def _siblings(user: User, meter: Meter) -> list[Meter]:
    """The organization's meters to choose from; none for others."""
    return meters_of(user) if role_of(user).is_member else []


def _figures(user: User, meter: Meter, span: Span) -> dict[str, Any]:
    """Saved in events and below forecast, both over the shown dates."""
    compared = savings.compared(user=user, meter=meter, start=span.start, end=span.end)
    lines = rewards.lines_for(user).filter(meter=meter, run__event__start__lt=span.end, run__event__end__gt=span.start)
    found = list(lines)
    sums_of_lines = rewards.sums_of(found)
    return {
        "saved": savings.saved_facts(sums_of_lines.saved_wh, compared.figures, period=_("these dates")),
        "share": savings.share_chart(compared.figures),
        "ledger": rewards.ledger_items(found, with_meter=False)[:6],
    }


def _dates(span: Span, meter: Meter) -> str:
    last = max(min(span.end - timedelta(seconds=1), timezone.now()), span.start)
    ends = {"first": day_words(span.start, meter.zone), "last": day_words(last, meter.zone)}
    return ends["first"] if ends["first"] == ends["last"] else _("%(first)s to %(last)s") % ends


def _address(name: str, meter: Meter, query: str) -> str:
    return f"{reverse(name, args=[meter.pk])}?{query}"


def _data_addresses(chart: str, file: str, meter: Meter, query: str) -> dict[str, str]:
    return {"data_url": _address(chart, meter, query), "chart_file_url": _address(file, meter, query)}
