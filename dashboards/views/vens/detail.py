"""One VEN: how it stands, what is behind it, what it was told; and what admins do with it."""

from datetime import timedelta
from math import nan
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import PortalError
from dashboards.charts import payload_json
from dashboards.charts.data import EventSpan
from dashboards.charts.devices import device_columns, device_payload, minutes_of, quarter_before
from dashboards.charts.skeletons import etag
from dashboards.operator_facts import ven as facts
from dashboards.operator_facts import ven_hints, ven_history
from dashboards.operator_facts import vens as listing
from dashboards.operator_facts.events import event_name
from dashboards.selectors import ven as selector
from dashboards.selectors.device_power import ven_power
from dashboards.selectors.ven_messages import faults_of
from dashboards.selectors.vens import vens_of
from dashboards.views.charts import answer
from dashboards.views.operator.scope import Scope, operator_page
from dashboards.views.vens import deeds
from dashboards.views.vens.csv_answer import streamed
from dashboards.views.vens.forms import PinForm, ResourceForm
from openadr.models import DeliveryRecord, Ven, VenState
from openadr.services.enrolling import GRACE

SHORT, PER_PAGE = 5, 50
LIVE_SECONDS = 10
DAY_MINUTES = 24 * 60


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def ven(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One VEN; a POST does one thing with it."""
    found = ven_seen(scope, pk)
    if request.method == "POST":
        return _act(request, scope, found)
    return page_of(request, scope, found)


def ven_seen(scope: Scope, pk: int) -> Ven:
    """The VEN, if the reader may see it; else 404."""
    rows = vens_of(scope.user, scope.distributor).select_related("seen", "owner__as_user", "distributor")
    found: Ven = get_object_or_404(rows, pk=pk)
    return found


def page_of(
    request: HttpRequest,
    scope: Scope,
    found: Ven,
    *,
    resource_form: ResourceForm | None = None,
    pin_form: PinForm | None = None,
) -> HttpResponse:
    """The page, with the form that was refused where there is one."""
    now, zone = timezone.now(), scope.distributor.zone
    may_change = scope.may_manage and found.state != VenState.REVOKED
    certificates, things = selector.certificates_of(found), selector.things_of(found)
    reports = list(selector.reports_of(found))
    case = ven_hints.Case(
        found, certificates, faults_of(found, now), any(thing.resource.ended_at is None for thing in things),
        any(report.ended_at is None for report in reports), now, zone, selector.away_meters(found, things, now),
    )  # fmt: skip
    context: dict[str, Any] = {
        "scope": scope,
        "ven": found,
        "crumbs": [{"label": _("Devices"), "url": reverse("operator_vens")}, {"label": found.name, "url": ""}],
        "badge": listing.standing_badge(found, now),
        "hints": ven_hints.hints_of(case),
        "facts": facts.ven_facts(found, now, zone),
        "may_change": may_change,
        "is_registered": found.state == VenState.REGISTERED,
        "certificate_columns": facts.certificate_columns(may_change=may_change),
        "certificate_rows": facts.certificate_rows(certificates, now, zone, may_change=may_change),
        "revocable": [row for row in certificates if row.revoked_at is None] if may_change else [],
        "grace_days": GRACE.days,
        "newest_certificate": max((row.pk for row in certificates), default=0),
        "thing_columns": facts.thing_columns(may_change=may_change),
        "thing_rows": facts.thing_rows(things, now, zone, may_change=may_change),
        "ending": [thing.resource for thing in things if thing.resource.ended_at is None] if may_change else [],
        "chart_columns": device_columns(),
        "reports": facts.report_cards(reports, now, zone),
        **_history(found),
        "opts": facts.opt_items(selector.opts_of(found), zone),
        "resource_form": resource_form or ResourceForm(scope=scope),
        "pin_form": pin_form or PinForm(),
    }
    return render(request, "dashboards/vens/detail.html", context)


def _history(found: Ven) -> dict[str, Any]:
    zone, now = found.distributor.zone, timezone.now()
    rows = list(selector.deliveries_of(found)[: SHORT + 1])
    return {
        "history_columns": ven_history.columns(_("Event")),
        "history_rows": ven_history.rows_by_event(rows[:SHORT], now, zone),
        "has_more_history": len(rows) > SHORT,
    }


def _act(request: HttpRequest, scope: Scope, found: Ven) -> HttpResponse:
    """One deed of an admin."""
    if not scope.may_manage or not Ven.objects.managed_by(scope.user).filter(pk=found.pk).exists():
        raise PermissionDenied
    action = request.POST.get("action", "")
    if action == "rotate":
        return deeds.rotate(request, scope, found)
    if action == "pin":
        return _pin(request, scope, found)
    if action == "map":
        return _map(request, scope, found)
    if action not in deeds.DEEDS:
        raise Http404
    try:
        messages.success(request, deeds.DEEDS[action](request, scope, found))
    except PortalError as refusal:
        messages.error(request, str(refusal))
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
    return redirect("operator_ven", pk=found.pk)


def _pin(request: HttpRequest, scope: Scope, found: Ven) -> HttpResponse:
    form = PinForm(request.POST, request.FILES)
    if form.is_valid() and deeds.pin(scope, found, form):
        messages.success(request, _("Pinned: the device is known by this certificate from now on."))
        return redirect("operator_ven", pk=found.pk)
    return page_of(request, scope, found, pin_form=form)


def _map(request: HttpRequest, scope: Scope, found: Ven) -> HttpResponse:
    form = ResourceForm(request.POST, scope=scope)
    if form.is_valid() and deeds.map_meter(scope, found, form):
        messages.success(request, _("The resource is known from now on."))
        return redirect("operator_ven", pk=found.pk)
    return page_of(request, scope, found, resource_form=form)


@require_GET
@operator_page
def power(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """What the VEN's resources drew in the last day, and how often to ask again."""
    found, now = ven_seen(scope, pk), timezone.now()
    start = quarter_before(now)
    resources = list(found.resources.filter(ended_at=None).values_list("pk", "meter", "is_source"))
    whole = {meter for _pk, meter, is_source in resources if is_source}
    ids = [pk for pk, meter, is_source in resources if is_source or meter is None or meter not in whole]
    kw = minutes_of(ven_power(ids, start, start + timedelta(days=1)), start, DAY_MINUTES)
    kw[int((now - start).total_seconds()) // 60 + 1 :] = nan
    told = found.deliveries.filter(is_cancelled=False, end__gt=start, start__lt=start + timedelta(days=1))
    spans = [
        EventSpan(str(row.event_id), event_name(row.event), row.start, row.end)
        for row in told.select_related("event__program__distributor")
    ]
    body = payload_json(device_payload(kw, start, scope.distributor.zone, spans))
    response = answer(request, etag(body), lambda: body)
    response["Live-Seconds"] = str(LIVE_SECONDS)
    return response


@require_GET
@operator_page
def history(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Every event that the VEN was told of."""
    found, zone = ven_seen(scope, pk), scope.distributor.zone
    page = Paginator(selector.deliveries_of(found), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "ven": found,
        "crumbs": [
            {"label": _("Devices"), "url": reverse("operator_vens")},
            {"label": found.name, "url": reverse("operator_ven", args=[pk])},
            {"label": _("Events"), "url": ""},
        ],
        "page_obj": page,
        "columns": ven_history.columns(_("Event")),
        "rows": ven_history.rows_by_event(list(page.object_list), timezone.now(), zone),
    }
    return render(request, "dashboards/vens/history.html", context)


@require_GET
@operator_page
def history_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Every step of every event that the VEN was told of."""
    found = ven_seen(scope, pk)
    records = DeliveryRecord.objects.filter(delivery__ven=found)
    return streamed(ven_history.file_rows(records), f"device-{found.pk}-events.csv")
