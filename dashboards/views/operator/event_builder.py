"""Building an event: a new draft, an old one edited, its preview, who is left out, and the second person's word."""

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.errors import PortalError
from dashboards.operator_facts import event_size
from dashboards.operator_facts.preview import preview_context
from dashboards.operator_facts.proposal import proposal_of
from dashboards.views.operator.event_form import EventForm
from dashboards.views.operator.scope import Scope, operator_page
from events.errors import NeedsSecond
from events.models import Event, EventState, LeftOutReason, Program
from events.services import (
    approve_event,
    create_event,
    edit_draft,
    leave_out,
    notify_event,
    schedule_event,
    take_back,
)
from events.services.changes import terms_in_force
from meters.models import Meter
from settlement.forecast_reach import unpaid_words

EVENING = time(17)


@require_http_methods(["GET", "POST"])
@operator_page
def event_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    """A new event on one page; POST saves the draft, or schedules and announces it at once."""
    return _builder(request, scope, None)


@require_http_methods(["GET", "POST"])
@operator_page
def event_edit(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """A draft on the same page; what is no draft any more leads to its own page."""
    event = managed_event(scope, pk)
    if event.state != EventState.DRAFT:
        return redirect("operator_event", pk=pk)
    return _builder(request, scope, event)


@require_GET
@operator_page
def event_preview(request: HttpRequest, scope: Scope) -> HttpResponse:
    """What the form says so far, in figures; the page asks for it whenever the form changes."""
    if not scope.may_manage:
        raise PermissionDenied
    draft = request.GET.get("event", "")
    event = managed_event(scope, int(draft)) if draft.isascii() and draft.isdigit() and len(draft) < 19 else None
    form = EventForm(request.GET, user=scope.user, distributor=scope.distributor, event=event)
    context = _preview_context(form, event) if form.is_valid() else {"form": form, "limits": _limits(form)}
    response = render(request, "dashboards/operator/event_preview.html", {"scope": scope, **context})
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@operator_page
def event_left_out(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Leaves a meter out of a draft, with a reason, or takes that back."""
    event = managed_event(scope, pk)
    number = request.POST.get("meter", "").strip()
    meter = Meter.objects.filter(distributor=event.program.distributor_id, number=number).first()
    try:
        if meter is None:
            messages.error(request, _("There is no meter “%(number)s”.") % {"number": number[:40]})
        elif request.POST.get("action") == "back":
            take_back(event=event, meter=meter, by=scope.user)
            messages.success(request, _("%(meter)s is asked again.") % {"meter": meter.label})
        else:
            leave_out(event=event, meter=meter, note=request.POST.get("note", ""), by=scope.user)
            messages.success(request, _("%(meter)s is left out.") % {"meter": meter.label})
    except PortalError as refusal:
        messages.error(request, str(refusal))
    return redirect("operator_event_edit", pk=pk)


@require_POST
@operator_page
def event_agree(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The second person's agreement to a draft."""
    event = managed_event(scope, pk)
    try:
        approve_event(event=event, by=scope.user)
    except PortalError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("You agreed. The event can be scheduled now."))
    return redirect("operator_event", pk=pk)


def managed_event(scope: Scope, pk: int) -> Event:
    """The event, for who may change it.

    Raises:
        Http404: A stranger's.
        PermissionDenied: Only to be read.
    """
    event = get_object_or_404(Event.objects.visible_to(scope.user).select_related("program__distributor"), pk=pk)
    if not Event.objects.managed_by(scope.user).filter(pk=pk).exists():
        raise PermissionDenied
    return event


def _builder(request: HttpRequest, scope: Scope, event: Event | None) -> HttpResponse:
    if not scope.may_manage:
        raise PermissionDenied
    data = request.POST if request.method == "POST" else request.GET
    bound = data if "day" in data else None
    initial, is_peak = _first_guess(scope) if event is None and bound is None else ({}, False)
    form = EventForm(bound, user=scope.user, distributor=scope.distributor, event=event, initial=initial)
    if request.method == "POST" and form.is_valid():
        answer = _save(request, scope, form, event)
        if answer is not None:
            return answer
    context = {"scope": scope, "form": form, "event": event, "limits": _limits(form), "is_peak": is_peak}
    if form.is_bound and form.is_valid():
        context |= _preview_context(form, event)
    if event is not None:
        context["left_out"] = _left_out(event)
    return render(request, "dashboards/operator/event_new.html", context)


def _save(request: HttpRequest, scope: Scope, form: EventForm, event: Event | None) -> HttpResponse | None:
    """The way on; None where the services refused, which then stands in the form."""
    is_at_once = request.POST.get("then") == "announce"
    try:
        saved = _announced(form, scope, event) if is_at_once else _draft(form, scope, event)
    except NeedsSecond as refusal:
        # Its size asks for another person: what was written is kept for them.
        saved = _draft(form, scope, event)
        messages.warning(request, _("Kept as a draft. %(why)s") % {"why": refusal})
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return None
    else:
        messages.success(request, _done_words(is_at_once))
        unpaid = unpaid_words(event=saved) if is_at_once else ""
        if unpaid:
            messages.warning(request, unpaid)
    return redirect("operator_event", pk=saved.pk)


def _done_words(is_announced: bool) -> str:
    if is_announced:
        return _("Announced. A notice to everybody who takes part is on its way.")
    return _("The draft is saved. Nobody has been told.")


def _draft(form: EventForm, scope: Scope, event: Event | None) -> Event:
    what = {"start": form.start, "end": form.end, "targets": form.targets, "words": form.words, "by": scope.user}
    if event is None:
        return create_event(program=form.chosen, **what)  # type: ignore[arg-type]  # as the dict above says
    return edit_draft(event=event, **what)  # type: ignore[arg-type]  # as the dict above says


@transaction.atomic
def _announced(form: EventForm, scope: Scope, event: Event | None) -> Event:
    return notify_event(event=schedule_event(event=_draft(form, scope, event), by=scope.user), by=scope.user)


def _preview_context(form: EventForm, event: Event | None) -> dict[str, Any]:
    """The figures of a valid form; the draft itself stays as it is."""
    words, version = form.words, terms_in_force(form.chosen)
    planned = Event(
        pk=event.pk if event else None, program=form.chosen, version=version, start=form.start, end=form.end,
        is_test=words.is_test, created_by=event.created_by if event else None,
    )  # fmt: skip
    return {"form": form, **preview_context(planned, form.targets)}


def _limits(form: EventForm) -> list[dict[str, str]]:
    """What the terms of the program in the form allow."""
    field = form["program"]
    value = str(field.value() or "")
    programs = form.fields["program"].queryset  # type: ignore[attr-defined]  # a model choice
    program: Program | None = programs.filter(pk=int(value)).first() if value.isdigit() and len(value) < 19 else None
    return event_size.limits_of(terms_in_force(program)) if program else []


def _left_out(event: Event) -> list[dict[str, str]]:
    rows = event.left_out.filter(reason=LeftOutReason.OPERATOR).select_related("meter")
    return [{"number": row.meter.number, "label": row.meter.label, "note": row.note} for row in rows]


def _first_guess(scope: Scope) -> tuple[dict[str, Any], bool]:
    """The first program with a time that its terms allow from tomorrow on, and whether the forecast chose it."""
    programs = Program.objects.managed_by(scope.user).filter(distributor=scope.distributor, is_open=True)
    program = programs.filter(versions__published_at__isnull=False).select_related("distributor").first()
    if program is None:
        return {}, False
    version, now = terms_in_force(program), timezone.now()
    minutes = max(version.min_minutes or 0, min(60, version.max_minutes or 60))
    found = proposal_of(program, version, now, minutes, EVENING)
    tomorrow = (timezone.localtime(timezone=program.zone) + timedelta(days=1)).date()
    wall = found.wall if found else datetime.combine(tomorrow, version.hours_from or EVENING)
    values = {"program": program.pk, "day": wall.date(), "at": wall.time(), "minutes": minutes}
    return values, found is not None and found.is_peak
