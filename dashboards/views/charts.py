"""What charts ask for: figures without data, and the data, with an ETag each."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import parse_etags
from django.views.decorators.http import require_GET

from common.intervals import local_day
from dashboards.cached import kept_bytes
from dashboards.charts import (
    Payload,
    UnknownFigureError,
    etag,
    figure_json,
    payload_json,
)
from dashboards.charts.sums import sums_payload
from dashboards.errors import BadRange
from dashboards.live import IN_EVENT_SECONDS, live_seconds
from dashboards.selectors import comparison, hours, organization, savings, sums, use
from dashboards.selectors.spans import Span
from dashboards.views.meter_asked import Reader, periods_asked, reader_of, span_asked
from dashboards.views.readers import signed_in
from organizations.models import Organization

# Kept by the reader's own browser, and asked for every time.
CACHE = "private, no-cache"
LIVE = "Live-Seconds"


@require_GET
def figure(request: HttpRequest, kind: str) -> HttpResponse:
    """The JSON item of one kind of figure, the same for everybody."""
    try:
        body = figure_json(kind)
    except UnknownFigureError as error:
        raise Http404 from error
    return answer(request, etag(body), lambda: body)


@require_GET
def meter(request: HttpRequest, pk: int) -> HttpResponse:
    """Readings, predictions, events and peaks of one meter over the asked dates, and how often to ask again."""
    reader, now = reader_of(request, pk), timezone.now()
    try:
        span = span_asked(request, reader)
    except BadRange as error:
        return refused(error)
    around = reader.around(span)
    version = reader.version(span, around=around)
    if has_tag(request, f'"{version}"'):
        # What else it depends on is not read for a 304: the page goes on as it did.
        seconds = live_seconds(around.event_spans, now, newest=None, span=span)
        return _unchanged(f'"{version}"', seconds if seconds == IN_EVENT_SECONDS else 0)
    body = kept_bytes(lambda: payload_json(_meter(reader, span, around, version)), reader.window, "meter", version)
    response = answer(request, f'"{version}"', lambda: body)
    newest = use.newest_end(user=reader.user, meter=reader.meter, span=span, now=now)
    response[LIVE] = live_seconds(around.event_spans, now, newest=newest, span=span)
    return response


def _meter(reader: Reader, span: Span, around: use.Around, version: str) -> Payload:
    slots = use.meter_slots(user=reader.user, meter=reader.meter, span=span)
    return use.meter_chart(slots, meter=reader.meter, span=span, around=around, version=version)


def _unchanged(tag: str, seconds: int) -> HttpResponse:
    response = HttpResponseNotModified(headers={"ETag": tag, "Cache-Control": CACHE})
    if seconds:
        response[LIVE] = seconds
    return response


@require_GET
def participation(request: HttpRequest, pk: int) -> HttpResponse:
    """In how many intervals of the asked dates one meter stayed below its forecast."""
    return _dated(request, pk, span_asked, _participation)


def _participation(reader: Reader, span: Any, version: str) -> Payload:
    found = savings.compared(user=reader.user, meter=reader.meter, start=span.start, end=span.end)
    return savings.share_chart(found.figures, version=version)


@require_GET
def meter_sums(request: HttpRequest, pk: int) -> HttpResponse:
    """The energy of each day or month of the asked dates."""
    return _dated(request, pk, span_asked, _sums)


def _sums(reader: Reader, span: Any, version: str) -> Payload:
    bars = sums.bars_of(user=reader.user, meter=reader.meter, span=span)
    return sums_payload(bars, reader.meter.zone, version=version)


@require_GET
def meter_hours(request: HttpRequest, pk: int) -> HttpResponse:
    """The heat map of the asked dates: the energy of each hour of each day."""
    return _dated(request, pk, span_asked, _hours)


def _hours(reader: Reader, span: Any, version: str) -> Payload:
    return hours.payload_of(user=reader.user, meter=reader.meter, span=span, version=version)


@require_GET
def meter_comparison(request: HttpRequest, pk: int) -> HttpResponse:
    """Two periods of one meter over each other."""
    return _dated(request, pk, periods_asked, _comparison)


def _comparison(reader: Reader, periods: Any, version: str) -> Payload:
    this, other = periods
    found = comparison.compared(user=reader.user, meter=reader.meter, this=this, other=other)
    return comparison.payload_of(found, version=version)


def _dated(
    request: HttpRequest,
    pk: int,
    asked: Callable[[HttpRequest, Reader], Any],
    payload: Callable[[Reader, Any, str], Payload],
) -> HttpResponse:
    """The chart of what an address asks for, made only for a browser that does not have it."""
    reader = reader_of(request, pk)
    try:
        dates = asked(request, reader)
    except BadRange as error:
        return refused(error)
    # The day too: what is said to be running depends on it.
    version = reader.version(payload.__name__, dates, local_day(timezone.now(), reader.meter.zone))

    def body() -> bytes:
        made = payload.__name__
        return kept_bytes(lambda: payload_json(payload(reader, dates, version)), reader.window, made, version)

    return answer(request, f'"{version}"', body)


@require_GET
def rank(request: HttpRequest, pk: int) -> HttpResponse:
    """The meters of an organization by what they saved in events."""
    user = signed_in(request)
    shown = get_object_or_404(Organization.objects.visible_to(user), pk=pk)
    meters = organization.meters_of(user, holder_id=shown.pk)
    fleet = organization.fleet_of(user=user, holder_id=shown.pk, meters=meters, now=timezone.now())
    body = payload_json(organization.rank_chart(fleet, shown.name))
    return answer(request, etag(body), lambda: body)


def answer(request: HttpRequest, tag: str, body: Callable[[], bytes]) -> HttpResponse:
    """The JSON body under its tag; nothing but the tag (304) to a browser that has it already."""
    response: HttpResponse
    if has_tag(request, tag):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(body(), content_type="application/json")
    response["ETag"] = tag
    response["Cache-Control"] = CACHE
    return response


def has_tag(request: HttpRequest, tag: str) -> bool:
    """Whether the browser has what stands under the tag."""
    known: Sequence[str] = parse_etags(request.headers.get("If-None-Match", ""))
    return tag in [each.removeprefix("W/") for each in known]


def refused(error: BadRange) -> HttpResponse:
    """The sentence, for whoever asked by hand."""
    content: dict[str, Any] = {"detail": str(error)}
    return JsonResponse(content, status=400, headers={"Cache-Control": "private, no-store"})
