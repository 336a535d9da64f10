"""The page of one meter, and its readings as a file."""

import csv
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from common.intervals import local_day
from dashboards.errors import BadRange
from dashboards.live import live_seconds
from dashboards.selectors import rewards, savings, use
from dashboards.selectors.moving import residence_of
from dashboards.selectors.organization import meters_of
from dashboards.selectors.readings_file import HEADER, rows_of
from dashboards.selectors.spans import Span, span_of
from dashboards.times import day_words, long_day_words
from dashboards.views.readers import signed_in
from dashboards.views.resident import fresh_words
from meters.models import Meter
from organizations.access import Role, role_of

CHOICES = (1, 7, 30, 90, 365)


def visible_meter(user: User, pk: int) -> Meter:
    """A meter that the reader may see, with distributor and feeder; else 404."""
    meters = Meter.objects.visible_to(user).select_related("distributor", "feeder")
    return get_object_or_404(meters, pk=pk)


@require_GET
def meter_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A meter's readings against their forecast, its events, and both savings."""
    user, now = signed_in(request), timezone.now()
    meter = visible_meter(user, pk)
    held = use.holdings(user=user, meter=meter)
    anchor = use.anchor_of(held)
    span, refusal = _span_or_default(request, meter, anchor)
    events = use.event_spans(user=user, meter=meter, span=span)
    slots = use.meter_slots(user=user, meter=meter, span=span)
    context = {
        "meter": meter,
        "refusal": refusal,
        "chart": use.payload_of(slots, meter=meter, events=events),
        "live_seconds": live_seconds([event for event, _number in events], now),
        "fresh": fresh_words(use.latest_of(slots), meter, now),
        "span": span,
        "ranges": _ranges(span),
        "held": _held_words(held, meter),
        "residence": residence_of(user, meter),
        "chart_keys": use.chart_keys(),
        "first_day": local_day(span.start, meter.zone).isoformat(),
        "last_day": local_day(min(span.end, now), meter.zone).isoformat(),
        "lead": _lead(meter),
        "crumbs": _crumbs(user, meter),
        "siblings": _siblings(user, meter),
        **_figures(user, meter, span),
        **_addresses(meter, span),
    }
    return render(request, "dashboards/meter/detail.html", context)


def _span_or_default(request: HttpRequest, meter: Meter, anchor: Any) -> tuple[Span, str]:
    """The asked span; a bad one is answered with the default and the reason."""
    try:
        return span_of(request.GET, anchor=anchor, zone=meter.zone), ""
    except BadRange as error:
        return span_of({}, anchor=anchor, zone=meter.zone), str(error)


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


def _ranges(span: Span) -> list[dict[str, Any]]:
    names = {1: _("Day"), 7: _("Week"), 30: _("Month"), 90: _("Quarter"), 365: _("Year")}
    return [{"label": names[days], "url": f"?days={days}", "current": span.days == days} for days in CHOICES]


def _held_words(held: list[use.Holding], meter: Meter) -> str:
    """From when to when the meter was the reader's, where it no longer is."""
    now, end = timezone.now(), held[-1].end if held else None
    if end is None or any(holding.end is None or holding.end > now for holding in held):
        return ""
    words = {"end": long_day_words(end, meter.zone)}
    return _("This meter was yours until %(end)s; you see the readings of that time.") % words


def _siblings(user: User, meter: Meter) -> list[Meter]:
    """The organization's meters to choose from; none for others."""
    return meters_of(user) if role_of(user).is_member else []


def _figures(user: User, meter: Meter, span: Span) -> dict[str, Any]:
    """Saved in events and below forecast, both over the shown dates."""
    compared = savings.compared(user=user, meter=meter, start=span.start, end=span.end)
    lines = rewards.lines_for(user).filter(meter=meter, run__event__start__lt=span.end, run__event__end__gt=span.start)
    found = list(lines)
    sums = rewards.sums_of(found)
    return {
        "saved": savings.saved_facts(sums.saved_wh, compared.figures, period=_("these dates")),
        "share": savings.share_chart(compared.figures),
        "ledger": rewards.ledger_items(found[:6], with_meter=False),
        "dates": _dates(span, meter),
    }


def _dates(span: Span, meter: Meter) -> str:
    last = min(span.end, timezone.now())
    first = day_words(span.start, meter.zone)
    return _("%(first)s to %(last)s") % {"first": first, "last": day_words(max(last, span.start), meter.zone)}


def _addresses(meter: Meter, span: Span) -> dict[str, str]:
    names = ("chart_meter", "chart_participation", "meter_readings_file")
    chart, share, file = (f"{reverse(name, args=[meter.pk])}?{span.query}" for name in names)
    return {"data_url": chart, "participation_url": share, "file_url": file}


@require_GET
def readings_file(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The shown readings as CSV."""
    user = signed_in(request)
    meter = visible_meter(user, pk)
    anchor = use.anchor_of(use.holdings(user=user, meter=meter))
    try:
        span = span_of(request.GET, anchor=anchor, zone=meter.zone)
    except BadRange as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
    # A file says the same to everybody; only pages are translated.
    with translation.override("en"):
        slots = use.meter_slots(user=user, meter=meter, span=span)
    response = StreamingHttpResponse(_lines(rows_of(slots, meter)), content_type="text/csv; charset=utf-8")
    name = "".join(sign if sign.isalnum() else "-" for sign in meter.number)
    response["Content-Disposition"] = f'attachment; filename="readings-{name}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """The text itself."""
        return text


def _lines(rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\n")
    yield writer.writerow(HEADER)
    for row in rows:
        yield writer.writerow(row)
