"""Outages, idle and test times: the list, a new one, a file of them, and one in full."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from common.errors import PortalError
from dashboards.operator_facts import outages as facts
from dashboards.sections import section_tabs
from dashboards.views.operator.organizations import refuse_readers
from dashboards.views.operator.outage_forms import EndForm, OutageFileForm, OutageFilter, OutageForm
from dashboards.views.operator.scope import Scope, operator_page
from meters.formats import RowProblem
from meters.models import Exclusion, Feeder, Meter
from meters.problem_words import problem_in_words
from meters.services import (
    OutageFile,
    OutageReport,
    add_exclusion,
    end_exclusion,
    import_outages,
    remove_exclusion,
    try_outages,
)

PER_PAGE = 25
_SHOWN_PROBLEMS = 100
_SALT = "removed-outage"
_UNDO_SECONDS = 3600


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def outages(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The list, filtered; a POST enters one, or puts back one that was removed."""
    if request.method != "POST":
        return _page(request, scope, OutageForm(scope=scope))
    refuse_readers(scope)
    if request.POST.get("action") == "undo":
        return _put_back(request, scope)
    form = OutageForm(request.POST, scope=scope)
    if form.is_valid():
        try:
            row, is_new = add_exclusion(exclusion=form.row(), by=scope.user)
        except PortalError as refusal:
            form.add_error(None, str(refusal))
        else:
            _tell_added(request, row, is_new)
            return redirect("operator_outages")
    return _page(request, scope, form)


def _tell_added(request: HttpRequest, row: Exclusion, is_new: bool) -> None:
    words = {"place": facts.place_words(row)}
    if is_new:
        messages.success(request, _("%(place)s: this time is now left out of baselines and forecasts.") % words)
    else:
        messages.info(request, _("%(place)s: exactly this is in the list already.") % words)


def _page(
    request: HttpRequest, scope: Scope, form: OutageForm, upload: OutageFileForm | None = None, **more: Any
) -> HttpResponse:
    asked = OutageFilter(request.GET, scope=scope)
    if not asked.is_valid() and "feeder" in asked.errors:
        raise Http404  # not this distributor's
    page = Paginator(facts.outages_of(scope.distributor, asked.cleaned_data), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "scope": scope,
        "tabs": section_tabs("data", "operator_outages"),
        "page_obj": page,
        "columns": facts.columns(),
        "rows": facts.rows(list(page.object_list), scope.distributor.zone),
        "asked": asked,
        "is_filtered": any(asked.cleaned_data.values()) or bool(asked.errors),
        "form": form,
        "upload": upload or OutageFileForm(),
        "removed": request.GET.get("removed", "") if _removed(request.GET.get("removed", "")) else "",
        **more,
    }
    return render(request, "dashboards/operator/outages.html", context)


@require_POST
@operator_page
def outages_file(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Stores a CSV list, or says what it would store."""
    refuse_readers(scope)
    upload = OutageFileForm(request.POST, request.FILES)
    if not upload.is_valid():
        return _page(request, scope, OutageForm(scope=scope), upload)
    only_check = upload.cleaned_data["only_check"]
    try:
        report = _import(scope, upload.cleaned_data["file"], only_check)
    except PortalError as refusal:
        upload.add_error("file", problem_in_words(str(refusal)))
        return _page(request, scope, OutageForm(scope=scope), upload)
    shown = {"report": report, "only_check": only_check, "problems": _told(report)}
    return _page(request, scope, OutageForm(scope=scope), **shown)


def _told(report: OutageReport) -> list[RowProblem]:
    return [each._replace(problem=problem_in_words(each.problem)) for each in report.problems[:_SHOWN_PROBLEMS]]


def _import(scope: Scope, file: "UploadedFile[Any]", only_check: bool) -> OutageReport:
    with tempfile.TemporaryDirectory(prefix="outages-") as folder:
        path = Path(folder, "list.csv")
        with path.open("wb") as target:
            target.writelines(file.chunks())
        if only_check:
            return try_outages(distributor=scope.distributor, file=OutageFile(path))
        return import_outages(distributor=scope.distributor, file=OutageFile(path), by=scope.user)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def outage(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One in full; a POST ends it earlier or removes it."""
    found = Exclusion.objects.filter(distributor=scope.distributor).select_related("meter", "feeder", "created_by")
    row = get_object_or_404(found, pk=pk)
    if request.method == "POST":
        refuse_readers(scope)
        if not Exclusion.objects.managed_by(scope.user).filter(pk=pk).exists():
            raise PermissionDenied
        if request.POST.get("action") == "remove":
            return _remove(request, scope, row)
        form = EndForm(request.POST, scope=scope)
        if form.is_valid() and form.at is not None and _end(request, scope, row, form):
            return redirect("operator_outage", pk=pk)
    else:
        local = row.end.astimezone(scope.distributor.zone)
        form = EndForm(initial={"end": local.date(), "end_at": local.time()}, scope=scope)
    return render(request, "dashboards/operator/outage.html", _one(scope, row, form))


def _one(scope: Scope, row: Exclusion, form: EndForm) -> dict[str, Any]:
    title = f"{str(row.get_kind_display()).capitalize()}, {facts.place_words(row)}"
    return {
        "scope": scope,
        "row": row,
        "form": form,
        "title": title,
        "when": facts.when_words(row.start, row.end, scope.distributor.zone),
        "source": facts.source_words(row),
        "crumbs": [{"label": _("Outages"), "url": reverse("operator_outages")}, {"label": title, "url": ""}],
        "may_change": scope.may_manage and Exclusion.objects.managed_by(scope.user).filter(pk=row.pk).exists(),
    }


def _end(request: HttpRequest, scope: Scope, row: Exclusion, form: EndForm) -> bool:
    assert isinstance(form.at, datetime)
    try:
        end_exclusion(exclusion=row, end=form.at, by=scope.user, reason=form.cleaned_data["reason"])
    except PortalError as refusal:
        form.add_error("end_at", str(refusal))
        return False
    messages.success(request, _("The end is changed. What came after it counts again."))
    return True


def _remove(request: HttpRequest, scope: Scope, row: Exclusion) -> HttpResponse:
    ticket = signing.dumps(_values(row), salt=_SALT)
    try:
        remove_exclusion(exclusion=row, by=scope.user, reason=request.POST.get("reason", "")[:200])
    except PortalError as refusal:
        messages.error(request, str(refusal))
        return redirect("operator_outages")
    except Exclusion.DoesNotExist:
        messages.info(request, _("Somebody else removed it a moment ago."))
        return redirect("operator_outages")
    return redirect(f"{reverse('operator_outages')}?{urlencode({'removed': ticket})}")


def _values(row: Exclusion) -> dict[str, Any]:
    return {
        "distributor_id": row.distributor_id,
        "meter_id": row.meter_id,
        "feeder_id": row.feeder_id,
        "kind": row.kind,
        "start": row.start.isoformat(),
        "end": row.end.isoformat(),
        "source": row.source,
        "note": row.note,
    }


def _removed(ticket: str) -> Exclusion | None:
    """What was removed, by the ticket that its removal gave; None where it is wrong or too old."""
    try:
        values = signing.loads(ticket, salt=_SALT, max_age=_UNDO_SECONDS)
    except signing.BadSignature:
        return None
    for name in ("start", "end"):
        values[name] = datetime.fromisoformat(values[name])
    return Exclusion(**values)


def _put_back(request: HttpRequest, scope: Scope) -> HttpResponse:
    row = _removed(request.POST.get("ticket", ""))
    # The meter or feeder may be gone by now.
    if row is None or row.distributor_id != scope.distributor.pk or not _exists(row):
        messages.error(request, _("This cannot be taken back any more. Enter it again."))
    else:
        add_exclusion(exclusion=row, by=scope.user)
        messages.success(request, _("It is back in the list."))
    return redirect("operator_outages")


def _exists(row: Exclusion) -> bool:
    if row.meter_id is not None:
        return Meter.objects.filter(pk=row.meter_id).exists()
    return Feeder.objects.filter(pk=row.feeder_id or 0).exists()
