"""Who is in a program, who waits, and what operators decide."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from common.errors import PortalError
from dashboards.operator_facts import programs as facts
from dashboards.views.operator.programs import crumbs, manage, program_or_404
from dashboards.views.operator.scope import Scope, operator_page
from events import services
from events.models import Enrollment, EnrollmentState, Program
from meters.models import Meter

PER_PAGE = 100


class EnrollForm(forms.Form):
    """A meter that comes in by a contract on paper."""

    number = forms.CharField(label=gettext_lazy("Number of the meter"), max_length=40)
    kw = forms.DecimalField(
        label=gettext_lazy("Promised kW"),
        required=False,
        min_value=0,
        max_digits=10,
        decimal_places=3,
        help_text=gettext_lazy("Empty: the figure of the meter list."),
    )
    is_gated = forms.BooleanField(
        label=gettext_lazy("Only once its readings suffice"),
        required=False,
        initial=True,
        help_text=gettext_lazy("It waits until the usual use is known, and then takes part by itself."),
    )


@require_http_methods(["GET", "POST"])
@operator_page
def program_people(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The program's enrollments by state; a POST lets in, refuses, pauses, ends, or enters a meter."""
    program = program_or_404(scope, pk)
    form = EnrollForm()
    if request.method == "POST":
        manage(scope, program)
        if request.POST.get("action") != "enroll":
            return _decide(request, scope, program)
        form = EnrollForm(request.POST)
        if form.is_valid() and _enroll(request, scope, program, form):
            return redirect("operator_program_people", pk=pk)
    return render(request, "dashboards/operator/program_people.html", _context(request, scope, program, form))


def _context(request: HttpRequest, scope: Scope, program: Any, form: EnrollForm) -> dict[str, object]:
    state = request.GET.get("state", "waiting" if program.waiting else "")
    page = Paginator(facts.people_of(program, state=state), PER_PAGE).get_page(request.GET.get("page"))
    version, may_manage = facts.in_force(program), scope.may_manage
    states = [("", _("All")), ("waiting", _("Waiting")), ("active", _("Takes part")), ("paused", _("Paused"))]
    states += [("refused", _("Refused")), ("ended", _("Ended"))]
    return {
        "scope": scope,
        "program": program,
        "state": state,
        "tabs": [{"label": label, "url": f"?state={value}", "current": value == state} for value, label in states],
        "page_obj": page,
        "columns": facts.people_columns(may_manage=may_manage),
        "rows": facts.people_rows(list(page.object_list), program, version, may_manage=may_manage),
        "form": form if may_manage else None,
        "has_terms": version is not None,
        "crumbs": [
            *crumbs(),
            {"label": program.name, "url": reverse("operator_program", args=[program.pk])},
            {"label": _("Who takes part"), "url": ""},
        ],
    }


def _enroll(request: HttpRequest, scope: Scope, program: Program, form: EnrollForm) -> bool:
    """Whether the meter is in; else the form says why not."""
    own = Meter.objects.managed_by(scope.user).filter(distributor=program.distributor_id)
    meter = own.filter(number=form.cleaned_data["number"]).first()
    if meter is None:
        form.add_error("number", _("There is no meter of this number."))
        return False
    kw: Decimal | None = form.cleaned_data["kw"]
    source = services.said_by("Operator", scope.user)
    enter = services.put_forward if form.cleaned_data["is_gated"] else services.enroll
    try:
        row = enter(program=program, meter=meter, kw=kw, source=source, by=scope.user)
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return False
    if row.state == EnrollmentState.ACTIVE:
        messages.success(request, _("%(meter)s takes part.") % {"meter": meter.label})
    else:
        messages.success(request, _("%(meter)s waits for readings; see below.") % {"meter": meter.label})
    return True


Act = Callable[[Enrollment, Scope, str], object]
ACTIONS: dict[str, Act] = {
    "approve": lambda row, scope, why: services.approve_enrollment(enrollment=row, by=scope.user, reason=why),
    "refuse": lambda row, scope, why: services.refuse_enrollment(enrollment=row, by=scope.user, reason=why),
    "pause": lambda row, scope, why: services.pause_enrollment(enrollment=row, by=scope.user),
    "resume": lambda row, scope, why: services.resume_enrollment(enrollment=row, by=scope.user),
    "end": lambda row, scope, why: services.end_enrollment(enrollment=row, by=scope.user, reason=why),
}


def _decide(request: HttpRequest, scope: Scope, program: Program) -> HttpResponse:
    pk = request.POST.get("enrollment", "")
    known = pk.isascii() and pk.isdigit() and len(pk) < 19
    row = get_object_or_404(Enrollment, program=program, pk=int(pk) if known else 0)
    act = ACTIONS.get(request.POST.get("action", ""))
    try:
        if act is None:
            messages.error(request, _("There is no such action."))
        else:
            act(row, scope, request.POST.get("reason", "")[:200])
            row.refresh_from_db()
            state = _("ended") if row.ended_at else str(EnrollmentState(row.state).label)
            messages.success(request, _("%(meter)s: %(state)s.") % {"meter": row.meter.label, "state": state})
    except PortalError as refusal:
        messages.error(request, str(refusal))
    return redirect("operator_program_people", pk=program.pk)
