"""Months of standing by: the list, and one month in full with what people decide on it."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from common.errors import PortalError
from dashboards.operator_facts import months as facts
from dashboards.sections import section_tabs
from dashboards.views.operator.scope import Scope, operator_page
from events.models import Program
from settlement.models import MonthRun
from settlement.selectors import newest_months
from settlement.services import approve_month, post_month, refuse_month, settle_month

PER_PAGE = 25
LINES = 100
# No portal stood before; the first years of the calendar are beyond what its clocks can say.
EARLIEST = 1970


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def months(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The months by program, newest first; a POST works one out."""
    if request.method == "POST":
        return _work_out(request, scope)
    page = Paginator(facts.months(scope.distributor), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "tabs": section_tabs("settlement", "operator_months"),
        "page_obj": page,
        "columns": facts.columns(),
        "rows": facts.rows(list(page.object_list)),
        "programs": _programs(scope) if scope.may_manage else [],
    }
    return render(request, "dashboards/settlement/months.html", context)


def _programs(scope: Scope) -> list[Program]:
    """Those that pay, or paid, for standing by."""
    mine = Program.objects.filter(distributor=scope.distributor, versions__published_at__isnull=False)
    return list(mine.filter(versions__capacity_per_kw_month__gt=0).distinct().order_by("name"))


def _work_out(request: HttpRequest, scope: Scope) -> HttpResponse:
    if not scope.may_manage:
        raise PermissionDenied
    first = _month(request.POST.get("month", ""))
    text = request.POST.get("program", "")
    program = next((row for row in _programs(scope) if str(row.pk) == text), None)
    if first is None or program is None:
        messages.error(request, _("Choose a program, and write the month like 2026-07."))
        return redirect("operator_months")
    try:
        run = settle_month(program=program, month=first, by=scope.user)
    except PortalError as refusal:
        messages.error(request, str(refusal))
        return redirect("operator_months")
    if run is None:
        messages.info(request, _("Nothing is paid for that month: nobody stood by at such a price."))
        return redirect("operator_months")
    messages.success(request, _worked_out(run, scope))
    return redirect("operator_month", pk=run.pk)


def _month(text: str) -> date | None:
    try:
        first = date.fromisoformat(f"{text.strip()}-01")
    except ValueError:
        return None
    return first if first.year >= EARLIEST else None


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def month(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One month; a POST does what was decided."""
    visible = MonthRun.objects.visible_to(scope.user)
    related = "program__distributor", "created_by", "batch__posted_by"
    found = get_object_or_404(visible.select_related(*related), pk=pk)
    if request.method == "POST":
        return _act(request, scope, found)
    return render(request, "dashboards/settlement/month.html", _context(request, scope, found))


def _context(request: HttpRequest, scope: Scope, run: MonthRun) -> dict[str, Any]:
    newest = newest_months(MonthRun.objects.filter(program=run.program_id, month=run.month)).get()
    is_newest = newest.pk == run.pk
    stage = facts.stage_of(newest)
    page = Paginator(facts.lines_of(run), LINES).get_page(request.GET.get("page"))
    own = run.created_by_id == scope.user.pk
    return {
        "scope": scope,
        "run": run,
        "name": facts.month_name(run),
        "badge": facts.stage_badge(stage) if is_newest else {"badge": _("Replaced by a newer run"), "tone": "info"},
        "newest": None if is_newest else newest.pk,
        "next_step": _next_step(stage) if is_newest else "",
        "is_own": is_newest and stage == "to_approve" and own,
        "actions": _actions(stage, own) if scope.may_manage and is_newest else [],
        "crumbs": [
            {"label": _("Settlement"), "url": reverse("operator_settlement")},
            {"label": _("Standing by"), "url": reverse("operator_months")},
        ],
        "tiles": facts.tiles(run),
        "missing": facts.missing(run),
        "story": facts.story(run),
        "page_obj": page,
        "columns": facts.line_columns(),
        "rows": facts.line_rows(list(page.object_list), run.program.distributor.currency),
    }


def _actions(stage: str, own: bool) -> list[str]:
    """What may be done with the newest run. Who had it worked out does not approve it."""
    ways = {
        "to_approve": ["refuse", "again"] if own else ["approve", "refuse", "again"],
        "approved": ["post", "refuse", "again"],
        "refused": ["again"] if own else ["approve", "again"],
        "posted": ["again"],
    }
    return ways[stage]


def _next_step(stage: str) -> str:
    steps = {
        "to_approve": _("Look through the amounts, then approve or refuse them. After that the month can be posted."),
        "approved": _("It is approved. Post it: only then are the amounts owed, and everybody is told."),
        "refused": _("It was refused. Put right what was wrong, then work it out again."),
    }
    return steps.get(stage, "")


ACTIONS: dict[str, Callable[[MonthRun, Scope, str], object]] = {
    "again": lambda run, scope, _reason: settle_month(program=run.program, month=run.month, by=scope.user),
    "approve": lambda run, scope, reason: approve_month(run=run, by=scope.user, reason=reason),
    "refuse": lambda run, scope, reason: refuse_month(run=run, by=scope.user, reason=reason),
    "post": lambda run, scope, _reason: post_month(run=run, by=scope.user),
}


def _act(request: HttpRequest, scope: Scope, run: MonthRun) -> HttpResponse:
    if not scope.may_manage or not Program.objects.managed_by(scope.user).filter(pk=run.program_id).exists():
        raise PermissionDenied
    name = request.POST.get("action", "")
    if name not in ACTIONS:
        messages.error(request, _("There is no such action."))
        return redirect("operator_month", pk=run.pk)
    try:
        done = ACTIONS[name](run, scope, request.POST.get("reason", ""))
    except PortalError as refusal:
        messages.error(request, str(refusal))
        return redirect("operator_month", pk=run.pk)
    if isinstance(done, MonthRun):
        is_same = done.pk == run.pk
        messages.success(request, _("Nothing has changed.") if is_same else _worked_out(done, scope))
        return redirect("operator_month", pk=done.pk)
    messages.success(request, _done_words()[name])
    return redirect("operator_month", pk=run.pk)


def _worked_out(run: MonthRun, scope: Scope) -> str:
    if run.batch_id is not None:
        return _("Nothing has changed since it was posted.")
    if run.created_by_id == scope.user.pk:
        return _("Worked out. Somebody else approves it; then it can be posted.")
    return _("Worked out. Once it is approved, it can be posted.")


def _done_words() -> dict[str, str]:
    return {
        "approve": _("Approved. It can be posted now."),
        "refuse": _("Refused. Nothing is posted."),
        "post": _("Posted. Everybody concerned is told."),
    }
