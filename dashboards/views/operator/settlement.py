"""Settlements: the list, and one run in full with what people decide on it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import PortalError
from dashboards.operator_facts import control
from dashboards.operator_facts import settlement as listing
from dashboards.operator_facts import settlement_run as facts
from dashboards.operator_facts.events import event_name
from dashboards.operator_facts.settling import settling
from dashboards.sections import section_tabs
from dashboards.views.operator.scope import Scope, operator_page
from events.models import Event, Program
from settlement.baselines import BaselineError
from settlement.models import LineStatus, RunKind, SettlementRun
from settlement.services import approve_run, close_run, post_run, refuse_run, reopen_run, write_csv
from settlement.services.background import settle_or_begin
from settlement.services.decisions import authors_of

PER_PAGE = 25
LINES = 100
MOST_DIFFERENCES = 100


@require_GET
@operator_page
def settlements(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Events that are over, by how far their settlement has come and by program."""
    stage, program = request.GET.get("stage", ""), request.GET.get("program", "")
    found = listing.settlements(scope.distributor, stage=stage, program=program)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    counts = listing.stage_counts(scope.distributor)
    context = {
        "scope": scope,
        "tabs": section_tabs("settlement", "operator_settlement"),
        "page_obj": page,
        "columns": listing.columns(),
        "rows": listing.rows(list(page.object_list)),
        "stage": stage,
        "stages": [(name, label, counts.get(name, 0)) for name, label in listing.STAGES.items()],
        "program": program,
        "programs": Program.objects.filter(distributor=scope.distributor),
    }
    return render(request, "dashboards/settlement/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def run(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One run; POST does what was decided."""
    found = _run(scope, pk)
    if request.method == "POST":
        return _act(request, scope, found)
    scope = replace(scope, distributor=found.event.program.distributor)
    with timezone.override(found.event.program.zone):
        return render(request, "dashboards/settlement/run.html", _context(request, scope, found))


@require_GET
@operator_page
def event_settling(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """How far the event's settlement is that is being worked out, as JSON."""
    event = get_object_or_404(Event.objects.visible_to(scope.user), pk=pk)
    return JsonResponse(settling(event) or {"moving": False}, headers={"Cache-Control": "private, no-store"})


@require_GET
@operator_page
def run_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The run as a file, one row per meter."""
    found = _run(scope, pk)
    day = found.event.start.astimezone(found.event.program.zone)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"settlement-{day:%Y-%m-%d-%H%M}-run-{found.number}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    write_csv(run=found, stream=response)  # type: ignore[arg-type]  # a response writes text like a file
    return response


def _run(scope: Scope, pk: int) -> SettlementRun:
    visible = SettlementRun.objects.visible_to(scope.user).sealed()
    rows = visible.select_related("event__program__distributor", "event__version", "created_by", "batch__posted_by")
    return get_object_or_404(rows, pk=pk)


def _context(request: HttpRequest, scope: Scope, run: SettlementRun) -> dict[str, Any]:
    asked = {name: request.GET.get(name, "")[:80] for name in ("sort", "status", "find")}
    page = Paginator(facts.result_lines(run, **asked), LINES).get_page(request.GET.get("page"))
    currency = scope.distributor.currency
    event = listing.with_stage(Event.objects.filter(pk=run.event_id)).get()
    is_newest = event.run == run.pk
    return {
        "scope": scope,
        "run": run,
        "name": event_name(run.event),
        "badge": _badge(run, event, is_newest),
        "newest": None if is_newest else event.run,
        "settling": settling(run.event),
        "next_step": _next_step(event.stage) if is_newest else "",
        "crumbs": [
            {"label": _("Settlement"), "url": reverse("operator_settlement")},
            {"label": run.event.program.name},
        ],
        "tiles": facts.tiles(run, currency),
        "control": control.run_words(run),
        "inputs": facts.inputs(run),
        "story": facts.story(run),
        "outliers": facts.outliers(run, currency),
        "differences": _differences(run, currency),
        "page_obj": page,
        "columns": facts.result_columns(),
        "rows": facts.result_rows(list(page.object_list), currency),
        "statuses": LineStatus.choices,
        "actions": _actions(scope, run, event.stage) if scope.may_manage and is_newest else [],
        "waits_for_others": is_newest and event.stage == "to_approve" and scope.user.pk in authors_of(run),
        **asked,
    }


def _badge(run: SettlementRun, event: Any, is_newest: bool) -> dict[str, str]:
    if is_newest:
        return listing.stage_badge(event.stage)
    if run.kind == RunKind.TRIAL:
        return {"badge": _("Trial of another rule"), "tone": "info"}
    return {"badge": _("Replaced by a newer run"), "tone": "info"}


def _differences(run: SettlementRun, currency: str) -> dict[str, Any] | None:
    """What changed against the run before; None without one."""
    before = facts.previous_run(run)
    if before is None or run.kind == RunKind.TRIAL:
        return None
    changed, lost = facts.differences(run, before), facts.gone(run, before)
    total = changed.count() + lost.count()
    shown = list(changed[:MOST_DIFFERENCES])
    rows = facts.difference_rows(shown, list(lost[: MOST_DIFFERENCES - len(shown)]), currency)
    return {
        "number": before.number,
        "kind": before.get_kind_display(),
        "url": reverse("operator_settlement_run", args=[before.pk]),
        "columns": [_("Meter"), _("Before"), _("Now"), _("Difference")],
        "rows": rows,
        "total": total,
        "more": total - len(rows),
    }


def _actions(scope: Scope, run: SettlementRun, stage: str) -> list[str]:
    """What may be done with the newest run. Who had it made does not approve it."""
    is_author = scope.user.pk in authors_of(run)
    ways = {
        "waiting": [],
        "estimated": ["settle"],
        "to_approve": ["refuse", "settle"] if is_author else ["approve", "refuse", "settle"],
        "approved": ["post", "refuse", "settle"],
        "refused": ["settle", "close"] if is_author else ["approve", "settle", "close"],
        "posted": ["reopen"],
        "reopened": ["settle", "close"],
        "closed": ["settle"] if is_author else ["approve", "settle"],
    }
    return ways[stage]


def _next_step(stage: str) -> str:
    """What has to happen now; empty where nothing has to."""
    look = _("Look at what stands out and what changed, then approve it or refuse it. After that it can be posted.")
    steps = {
        "to_approve": look,
        "approved": _("It is approved. Post it: only then are the amounts owed, and everybody is told."),
        "refused": _("It was refused. Put right what was wrong, then settle again; or leave it as it is for good."),
        "reopened": _(
            "It is open again. Settle it anew; only the differences will be posted. If nothing is to change, leave it "
            "as it is."
        ),
    }
    return steps.get(stage, "")


ACTIONS: dict[str, Callable[[SettlementRun, Scope, str], object]] = {
    "settle": lambda run, scope, _reason: settle_or_begin(event=run.event, by=scope.user),
    "approve": lambda run, scope, reason: approve_run(run=run, by=scope.user, reason=reason),
    "refuse": lambda run, scope, reason: refuse_run(run=run, by=scope.user, reason=reason),
    "post": lambda run, scope, _reason: post_run(run=run, by=scope.user),
    "reopen": lambda run, scope, reason: reopen_run(run=run, by=scope.user, reason=reason),
    "close": lambda run, scope, reason: close_run(run=run, by=scope.user, reason=reason),
}


def _act(request: HttpRequest, scope: Scope, run: SettlementRun) -> HttpResponse:
    if not scope.may_manage or not Event.objects.managed_by(scope.user).filter(pk=run.event_id).exists():
        raise PermissionDenied
    name = request.POST.get("action", "")
    if name not in ACTIONS:
        messages.error(request, _("There is no such action."))
        return redirect("operator_settlement_run", pk=run.pk)
    try:
        done = ACTIONS[name](run, scope, request.POST.get("reason", ""))
    except (PortalError, BaselineError) as refusal:
        messages.error(request, str(refusal))
        return redirect("operator_settlement_run", pk=run.pk)
    if name == "settle" and done is None:
        messages.info(request, begun_words())
        return redirect("operator_event", pk=run.event_id)
    if isinstance(done, SettlementRun):
        return _worked_out(request, run, done)
    messages.success(request, _done_words()[name])
    return redirect("operator_settlement_run", pk=run.pk)


def _worked_out(request: HttpRequest, before: SettlementRun, run: SettlementRun) -> HttpResponse:
    if run.pk == before.pk:
        messages.info(request, _("Nothing has changed: the same readings and terms give the same run."))
    else:
        messages.success(request, _("Worked out anew. Somebody else approves it before it is posted."))
    return redirect("operator_settlement_run", pk=run.pk)


def begun_words() -> str:
    """What is said when a worker has a large settlement to make."""
    return _("It is being worked out. This page shows how far it is.")


def _done_words() -> dict[str, str]:
    return {
        "approve": _("Approved. It can be posted to the ledger now."),
        "refuse": _("Refused. It will not be posted."),
        "post": _("Posted. The amounts are in the ledger, and everybody concerned is told."),
        "reopen": _("Opened again. Settle it anew; only the differences will be posted."),
        "close": _("Left as it is. Nothing more is posted of it."),
    }
