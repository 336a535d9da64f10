"""VTNs above: the list, one in full, a new one, and a change."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from dashboards.operator_facts import upstream as facts
from dashboards.sections import section_tabs
from dashboards.views.operator.organizations import refuse_readers
from dashboards.views.operator.scope import Scope, operator_page
from dashboards.views.upstream.forms import UpstreamForm, values_of
from openadr.models import Upstream
from openadr.services.upstream import (
    BadUpstream,
    change_upstream,
    poll_soon,
    set_up_upstream,
    start_upstream,
    stop_upstream,
)

PER_PAGE = 25


@never_cache
@require_GET
@operator_page
def upstreams(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The list, with how each stands."""
    context = {
        "scope": scope,
        "tabs": section_tabs("devices", "operator_upstreams"),
        "columns": facts.columns(),
        "rows": facts.rows(facts.upstreams_of(scope.distributor)),
    }
    return render(request, "dashboards/upstream/list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def upstream(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One in full; a POST stops it, puts it back into use, or asks it now."""
    row = _of(scope, pk)
    if request.method == "POST":
        refuse_readers(scope)
        _obey(request, scope, row)
        return redirect("operator_upstream", pk=pk)
    zone = scope.distributor.zone
    label, tone = facts.state_of(row)
    page = Paginator(row.events.select_related("event").order_by("-start", "-pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "scope": scope,
        "row": row,
        "state": label,
        "tone": tone,
        "hint": facts.hint_of(row),
        "waits": facts.waits(row),
        "facts": facts.facts(row),
        "page_obj": page,
        "columns": facts.event_columns(),
        "rows": facts.event_rows(list(page.object_list), zone),
        "report_columns": facts.report_columns(),
        "reports": facts.report_rows(row.reports.order_by("-pk")[:10], zone),
        "crumbs": _crumbs(row.name),
    }
    return render(request, "dashboards/upstream/detail.html", context)


def _of(scope: Scope, pk: int) -> Upstream:
    found = Upstream.objects.filter(distributor=scope.distributor).select_related("program")
    row: Upstream = get_object_or_404(found, pk=pk)
    return row


def _crumbs(last: str, row: Upstream | None = None) -> list[dict[str, str]]:
    found = [{"label": _("VTNs above"), "url": reverse("operator_upstreams")}]
    if row is not None:
        found.append({"label": row.name, "url": reverse("operator_upstream", args=[row.pk])})
    return [*found, {"label": last, "url": ""}]


def _obey(request: HttpRequest, scope: Scope, row: Upstream) -> None:
    action = request.POST.get("action", "")
    if action == "stop":
        stop_upstream(upstream=row, by=scope.user)
        messages.success(request, _("It is left alone from now on. Its events here stay as they are."))
    elif action == "start":
        start_upstream(upstream=row, by=scope.user)
        messages.success(request, _("It is asked again within a few seconds."))
    elif action == "poll":
        poll_soon(upstream=row)
        messages.success(request, _("It is asked within a few seconds. Load this page again then."))


@sensitive_post_parameters("key")
@sensitive_variables("form")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def upstream_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    """A form for one; a POST enters it."""
    refuse_readers(scope)
    form = UpstreamForm(request.POST if request.method == "POST" else None, scope=scope)
    if form.is_bound and form.is_valid():
        try:
            row = set_up_upstream(distributor=scope.distributor, entered=form.entered, by=scope.user)
        except BadUpstream as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It is asked within a few seconds. This page says how that went."))
            return redirect("operator_upstream", pk=row.pk)
    title = _("Connect a VTN above")
    context = {
        "scope": scope,
        "form": form,
        "title": title,
        "crumbs": _crumbs(title),
        "back": reverse("operator_upstreams"),
    }
    return render(request, "dashboards/upstream/form.html", context)


@sensitive_post_parameters("key")
@sensitive_variables("form")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def upstream_change(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The form for one that is there; a POST changes it."""
    row = _of(scope, pk)
    refuse_readers(scope)
    if not Upstream.objects.managed_by(scope.user).filter(pk=pk).exists():
        raise PermissionDenied
    form = UpstreamForm(request.POST if request.method == "POST" else None, scope=scope, initial=values_of(row))
    if form.is_bound and form.is_valid():
        try:
            change_upstream(upstream=row, entered=form.entered, by=scope.user)
        except BadUpstream as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved. It is asked within a few seconds."))
            return redirect("operator_upstream", pk=pk)
    title = _("Change")
    back = reverse("operator_upstream", args=[pk])
    context = {"scope": scope, "form": form, "title": title, "crumbs": _crumbs(title, row), "back": back}
    return render(request, "dashboards/upstream/form.html", context)
