"""What a program pays for nothing: the newest placebo report, and a new one."""

import csv
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import PortalError
from dashboards.operator_facts import placebo as facts
from dashboards.views.operator.scope import Scope, operator_page
from events.models import Program
from settlement.models import PlaceboReport, ReportState
from settlement.services.placebo import DEFAULT_HOURS, order_report
from settlement.services.placebo.files import write_placebo_csv

# Eight weeks of ordinary days.
DEFAULT_DAYS = timedelta(days=56)


class PlaceboForm(forms.Form):
    """Which days and hours to audit."""

    first = forms.DateField(label=gettext_lazy("First day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    last = forms.DateField(label=gettext_lazy("Last day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    hours = forms.CharField(
        label=gettext_lazy("Hours"),
        max_length=80,
        help_text=gettext_lazy("Full hours from 0 to 23 with commas between; each is tried as an event of one hour."),
    )

    def clean_hours(self) -> list[int]:
        """The hours as numbers."""
        try:
            return [int(part) for part in self.cleaned_data["hours"].split(",")]
        except ValueError:
            raise forms.ValidationError(_("Write hours like 7, 14, 16, 17.")) from None


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def placebo(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The newest report of a program; a POST orders another one."""
    program = _program(scope, pk)
    form = None
    if request.method == "POST":
        if not scope.may_manage:
            raise PermissionDenied
        form = PlaceboForm(request.POST)
        if form.is_valid() and _order(request, scope, program, form):
            return redirect("operator_placebo", pk=pk)
    return render(request, "dashboards/operator/placebo.html", _context(scope, program, form))


@require_GET
@operator_page
def placebo_progress(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """How far the newest report is, for the page's script."""
    report = _newest(scope, _program(scope, pk))
    if report is None:
        raise Http404
    return JsonResponse(facts.progress(report), headers={"Cache-Control": "private, no-store"})


@require_GET
@operator_page
def placebo_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The newest finished report as a file, every meter in it."""
    report = _newest(scope, _program(scope, pk), state=ReportState.DONE)
    if report is None:
        raise Http404
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="placebo-{pk}.csv"'
    write_placebo_csv(csv.writer(response), report.result)
    return response


def _program(scope: Scope, pk: int) -> Program:
    rows = Program.objects.visible_to(scope.user).filter(distributor=scope.distributor)
    return get_object_or_404(rows.select_related("distributor"), pk=pk)


def _newest(scope: Scope, program: Program, **only: str) -> PlaceboReport | None:
    rows = PlaceboReport.objects.visible_to(scope.user).filter(program=program, **only)
    return rows.select_related("made_by").order_by("-created_at", "-pk").first()


def _context(scope: Scope, program: Program, form: PlaceboForm | None) -> dict[str, Any]:
    newest, done = _newest(scope, program), _newest(scope, program, state=ReportState.DONE)
    result = done.result if done else None
    shown = {}
    if result:
        shown = {
            "meaning": facts.meaning(result, program),
            "chart": facts.chart_of(result),
            "rules": facts.rules_table(result, program),
            "halves": facts.halves_table(result),
            "verdicts": facts.verdicts(result),
            "parts": facts.parts_tables(result),
            "meters": facts.meters_table(result),
        }
    return {
        "scope": scope,
        "program": program,
        "newest": newest,
        "progress": facts.progress(newest) if newest and newest.is_moving else None,
        "done": done,
        "form": form or (PlaceboForm(initial=_initial(program, newest)) if scope.may_manage else None),
        "crumbs": _crumbs(program),
        **shown,
    }


def _initial(program: Program, newest: PlaceboReport | None) -> dict[str, Any]:
    yesterday = timezone.now().astimezone(program.zone).date() - timedelta(days=1)
    hours = newest.hours if newest else DEFAULT_HOURS
    return {"first": yesterday - DEFAULT_DAYS, "last": yesterday, "hours": ", ".join(map(str, hours))}


def _crumbs(program: Program) -> list[dict[str, str]]:
    return [
        {"label": _("Programs"), "url": reverse("operator_programs")},
        {"label": program.name, "url": reverse("operator_program", args=[program.pk])},
        {"label": _("Paid for nothing"), "url": ""},
    ]


def _order(request: HttpRequest, scope: Scope, program: Program, form: PlaceboForm) -> bool:
    asked = form.cleaned_data
    try:
        order_report(program=program, first=asked["first"], last=asked["last"], hours=asked["hours"], by=scope.user)
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, _("The audit is on its way. This page shows it as soon as it is done."))
    return True
