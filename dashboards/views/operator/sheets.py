"""The second reader: a utility's own settlement sheet beside the portal's run."""

import csv

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import PortalError
from common.spreadsheet import safe_cell
from dashboards.operator_facts.events import event_name
from dashboards.views.operator.organizations import refuse_readers
from dashboards.views.operator.scope import Scope, operator_page
from events.models import Event
from settlement.models import SheetReading
from settlement.services import read_event_sheet
from settlement.words.second_reader import readable

PER_PAGE = 50
_SHOWN = 10


class SheetForm(forms.Form):
    """One sheet to read."""

    file = forms.FileField(
        label=_lazy("The sheet"),
        help_text=_lazy("A CSV file with a row per meter: meter, nomination_kw, credit, and what else it has."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def sheets(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The sheets of an event that were read, and reading another."""
    event = get_object_or_404(Event.objects.visible_to(scope.user).select_related("program__distributor"), pk=pk)
    form = SheetForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        refuse_readers(scope)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                reading = read_event_sheet(event=event, content=file.read(), file_name=file.name, by=scope.user)
            except PortalError as refusal:
                form.add_error("file", str(refusal))
            else:
                messages.success(request, _("The sheet is read."))
                return redirect("operator_sheet", pk=reading.pk)
    known = SheetReading.objects.visible_to(scope.user).filter(event=event).select_related("read_by", "run")[:_SHOWN]
    context = {"scope": scope, "event": event, "form": form, "known": known, "crumbs": _crumbs(event)}
    return render(request, "dashboards/operator/sheets.html", context)


@require_GET
@operator_page
def sheet(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """What one sheet has otherwise than the run, and why, as far as can be guessed."""
    reading = _reading(scope, pk)
    found = readable(reading)
    page = Paginator(found.rows, PER_PAGE).get_page(request.GET.get("page"))
    more = {"label": _("Second reader"), "url": reverse("operator_sheets", args=[reading.event_id])}
    lead = _("%(event)s, compared with run %(number)d") % {"event": reading.event, "number": reading.run.number}
    context = {
        "scope": scope,
        "reading": reading,
        "found": found,
        "page_obj": page,
        "crumbs": [*_crumbs(reading.event), more],
        "lead": lead,
    }
    return render(request, "dashboards/operator/sheet.html", context)


@require_GET
@operator_page
def sheet_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The differences as a file, a row per cell."""
    reading = _reading(scope, pk)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="sheet-{reading.pk}.csv"'
    writer = csv.writer(response, lineterminator="\n")
    writer.writerow(["line", "meter", "column", "sheet", "portal", "what_may_have_happened"])
    for row in readable(reading).rows:
        for cell in row.cells:
            said = " ".join(row.sentences)
            writer.writerow([row.line, *map(safe_cell, (row.meter, cell.column, cell.theirs, cell.ours, said))])
    return response


def _crumbs(event: Event) -> list[dict[str, str]]:
    return [
        {"label": _("Events"), "url": reverse("operator_events")},
        {"label": event_name(event), "url": reverse("operator_event", args=[event.pk])},
    ]


def _reading(scope: Scope, pk: int) -> SheetReading:
    rows = SheetReading.objects.visible_to(scope.user).select_related("event__program__distributor", "run", "read_by")
    return get_object_or_404(rows, pk=pk)
