"""The live room of an event: the page, what it asks for again, its log, and its lines as a file."""

import csv
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from dashboards.charts import room as room_chart
from dashboards.operator_facts import event as facts
from dashboards.operator_facts import events as listing
from dashboards.operator_facts import room as rooms
from dashboards.operator_facts import room_log, room_numbers, selection
from dashboards.operator_facts.event_words import life_steps, state_badge
from dashboards.operator_facts.preview import draft_preview
from dashboards.operator_facts.room import Phase
from dashboards.operator_facts.settling import settling
from dashboards.operator_facts.wanted_time import wanted_words
from dashboards.selectors.event_watch import answers_in, watch
from dashboards.times import zone_words
from dashboards.views.charts import CACHE, LIVE, has_tag
from dashboards.views.operator import events as operator_events
from dashboards.views.operator.meters import chosen_meters
from dashboards.views.operator.scope import Scope, operator_page
from events.errors import EventError
from events.models import Event, EventState
from events.services import write_note
from events.services.life import is_agreed
from organizations.access import Role, role_of
from settlement.models import RunKind, SettlementRun

MANY = 25
LOG_PAGE = 100
WRITERS = (Role.DISTRIBUTOR_ADMIN, Role.DISTRIBUTOR_STAFF, Role.PLATFORM)


@require_http_methods(["GET", "POST"])
def room(request: HttpRequest, pk: int) -> HttpResponse:
    """One event, live; POST does one step of its life."""
    return operator_events.event_step(request, pk) if request.method == "POST" else _room(request, pk)


@operator_page
def _room(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    event = event_seen(scope, pk)
    scope, now = replace(scope, distributor=event.program.distributor), timezone.now()
    with timezone.override(event.program.zone):
        known = rooms.known_of(event, now, request.GET.get("map", ""), may_manage=scope.may_manage)
        context = {**_page_context(request, scope, event, known.phase), **rooms.live_context(known)}
        return render(request, "dashboards/operator/event.html", context)


@require_GET
@operator_page
def live(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The parts of the room that change, as HTML; 304 where nothing is new."""
    event = event_seen(scope, pk)
    with timezone.override(event.program.zone):
        known = rooms.known_of(event, timezone.now(), request.GET.get("map", ""), may_manage=scope.may_manage)
        tag = f'"{known.tag}"'
        headers = {"ETag": tag, "Cache-Control": CACHE, LIVE: str(known.seconds)}
        if has_tag(request, tag):
            return HttpResponseNotModified(headers=headers)
        context = rooms.live_context(known)
        response = render(request, "dashboards/operator/room/live.html", context)
    for name, value in headers.items():
        response[name] = value
    return response


@require_GET
@operator_page
def live_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The lines of the chart, cell by cell, as of now."""
    event = event_seen(scope, pk)
    answers, now = answers_in(event), timezone.now()
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers={"Cache-Control": "private, no-store"})
    day = event.start.astimezone(event.program.zone)
    response["Content-Disposition"] = f'attachment; filename="event-{day:%Y-%m-%d-%H%M}-power.csv"'
    writer = csv.writer(response, lineterminator="\n")
    writer.writerow(room_chart.CSV_HEADER)
    if answers and rooms.phase_of(event, now) in (Phase.COMING, Phase.RUNNING, Phase.OVER):
        writer.writerows(room_chart.room_csv_rows(room_numbers.series_of(watch(event, answers, now))))
    return response


@require_http_methods(["GET", "POST"])
@operator_page
def log(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The whole log; POST writes a line into it."""
    event = event_seen(scope, pk)
    if request.method == "POST":
        return _write(request, scope, event)
    scope, now = replace(scope, distributor=event.program.distributor), timezone.now()
    page = Paginator(room_log.entries_of(event), LOG_PAGE).get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "event": event,
        "name": listing.event_name(event),
        "crumbs": [
            {"label": _("Events"), "url": reverse("operator_events")},
            {"label": event.program.name, "url": reverse("operator_event", args=[event.pk])},
            {"label": _("Log"), "url": ""},
        ],
        "page_obj": page,
        "items": room_log.log_items(event, list(page.object_list), now),
        "log_zone": zone_words(now, event.program.zone),
        "may_write": may_write(scope),
    }
    return render(request, "dashboards/operator/event_log.html", context)


def _write(request: HttpRequest, scope: Scope, event: Event) -> HttpResponse:
    if not may_write(scope):
        raise PermissionDenied
    try:
        write_note(event=event, by=scope.user, text=request.POST.get("text", ""))
    except EventError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Written in the log."))
    return redirect("operator_event", pk=event.pk)


def may_write(scope: Scope) -> bool:
    """Whether the reader writes in logs: who operates does, an auditor changes nothing."""
    return role_of(scope.user) in WRITERS


def event_seen(scope: Scope, pk: int) -> Event:
    """The event, if the reader may see it; else 404."""
    visible = Event.objects.visible_to(scope.user)
    return get_object_or_404(visible.select_related("program__distributor", "version", "created_by"), pk=pk)


def _page_context(request: HttpRequest, scope: Scope, event: Event, phase: Phase) -> dict[str, Any]:
    run = facts.run_of(event)
    of = request.GET.get("of", "")
    meters = chosen_meters(request, scope.distributor) if of else None
    page = Paginator(facts.participations_of(event, meters), MANY).get_page(request.GET.get("page"))
    settled_at = run.batch.posted_at if run and facts.is_posted(run) else None
    return {
        "scope": scope,
        "event": event,
        "name": listing.event_name(event),
        "badge": state_badge(event),
        "asked": facts.asked_words(event),
        "wanted": wanted_words(event, scope.user),
        "facts": facts.event_facts(event),
        "steps": life_steps(event, settled_at),
        "next_step": _next_words(event, scope),
        "preview": draft_preview(event) if event.state == EventState.DRAFT else None,
        "may_write": may_write(scope),
        "of": of,
        "choices": selection.choices(scope.distributor),
        "page_obj": page,
        "columns": facts.participant_columns(run),
        "rows": facts.participant_rows(event, list(page.object_list), run),
        **_steps_context(scope, event, run, settled_at, phase),
    }


def _steps_context(
    scope: Scope, event: Event, run: SettlementRun | None, settled_at: datetime | None, phase: Phase
) -> dict[str, Any]:
    """What may be done now, and after the event how far its money has come."""
    changeable = scope.may_manage and phase in (Phase.PLANNED, Phase.COMING, Phase.RUNNING)
    return {
        "run": run,
        "is_posted": bool(settled_at),
        "run_tiles": facts.run_tiles(run, scope.distributor.currency) if run else [],
        "run_url": reverse("operator_settlement_run", args=[run.pk]) if run else "",
        "result_steps": rooms.result_steps(event) if phase == Phase.OVER else None,
        "settling": settling(event) if phase == Phase.OVER else None,
        "estimate_url": _estimate_url(event) if phase == Phase.OVER and run is None else "",
        "change_url": reverse("operator_event_change", args=[event.pk]) if changeable else "",
        **_action_context(scope, event, run),
    }


def _estimate_url(event: Event) -> str:
    """Where the newest estimate stands; empty before the first."""
    estimates = SettlementRun.objects.sealed().filter(event=event, kind=RunKind.PRELIMINARY)
    newest = estimates.order_by("-number").values_list("pk", flat=True).first()
    return reverse("operator_settlement_run", args=[newest]) if newest else ""


def _action_context(scope: Scope, event: Event, run: SettlementRun | None) -> dict[str, Any]:
    """What the reader may do; a draft of some size waits for the word of somebody else than who wrote it."""
    is_draft = scope.may_manage and event.state == EventState.DRAFT
    waits = is_draft and event.needs_second and not is_agreed(event)
    # At another time than the agreed one an event of this size needs a new word.
    held = {"schedule": waits, "start": is_draft and event.needs_second}
    actions = operator_events.actions_of(event, run) if scope.may_manage else []
    return {
        "actions": [name for name in actions if not held.get(name)],
        "edit_url": reverse("operator_event_edit", args=[event.pk]) if is_draft else "",
        "may_agree": waits and event.created_by_id != scope.user.pk,
        "asked_to_cancel": event.cancel_requests.open().select_related("asked_by").first(),
    }


def _next_words(event: Event, scope: Scope) -> str:
    if event.state == EventState.DRAFT:
        if event.needs_second and not is_agreed(event):
            if event.created_by_id == scope.user.pk:
                return _(
                    "A draft: nobody knows of it. It is so large that another admin must agree to it on this page."
                )
            return _("A draft: nobody knows of it. It is so large that a second person must agree to it first.")
        return _("A draft: nobody knows of it. Schedule it to fix who takes part.")
    if event.state == EventState.SCHEDULED:
        return _("Who takes part is fixed, and nobody was told. Announce it, and everybody gets a notice.")
    return ""
