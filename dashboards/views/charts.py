"""What charts ask for: figures without data, and the data, with an ETag each."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import parse_etags
from django.views.decorators.http import require_GET

from accounts.models import User
from dashboards.charts import (
    UnknownFigureError,
    etag,
    figure_json,
    payload_json,
)
from dashboards.errors import BadRange
from dashboards.selectors import organization, savings, use
from dashboards.selectors.spans import Span, span_of
from dashboards.views.meter import visible_meter
from dashboards.views.readers import signed_in
from meters.models import Meter
from organizations.models import Organization

# Kept by the reader's own browser, and asked for every time.
CACHE = "private, no-cache"


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
    """Readings, predictions and events of one meter over the asked dates."""
    user = signed_in(request)
    shown = visible_meter(user, pk)
    held = use.holdings(user=user, meter=shown)
    try:
        span = span_of(request.GET, anchor=use.anchor_of(held), zone=shown.zone)
    except BadRange as error:
        return refused(error)
    events = use.event_spans(user=user, meter=shown, span=span)
    version = use.version_of(meter=shown, span=span, held=held, events=events)
    return answer(
        request,
        f'"{version}"',
        lambda: payload_json(use.meter_chart(user=user, meter=shown, span=span, events=events, version=version)),
    )


@require_GET
def participation(request: HttpRequest, pk: int) -> HttpResponse:
    """In how many intervals of the asked dates one meter stayed below its forecast."""
    user = signed_in(request)
    shown = visible_meter(user, pk)
    held = use.holdings(user=user, meter=shown)
    try:
        span = span_of(request.GET, anchor=use.anchor_of(held), zone=shown.zone)
    except BadRange as error:
        return refused(error)
    version = use.version_of(meter=shown, span=span, held=held, events=())
    return answer(request, f'"{version}"', lambda: _participation(user, shown, span, version))


def _participation(user: User, shown: Meter, span: Span, version: str) -> bytes:
    figures = savings.compared(user=user, meter=shown, start=span.start, end=span.end).figures
    return payload_json(savings.share_chart(figures, version=version))


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
    if _has(request, tag):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(body(), content_type="application/json")
    response["ETag"] = tag
    response["Cache-Control"] = CACHE
    return response


def _has(request: HttpRequest, tag: str) -> bool:
    known: Sequence[str] = parse_etags(request.headers.get("If-None-Match", ""))
    return tag in [each.removeprefix("W/") for each in known]


def refused(error: BadRange) -> HttpResponse:
    """The sentence, for whoever asked by hand."""
    content: dict[str, Any] = {"detail": str(error)}
    return JsonResponse(content, status=400, headers={"Cache-Control": "private, no-store"})
