"""What participants object to: the queue, one dispute, its answer and its decision."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import PortalError
from dashboards.operator_facts import disputes as facts
from dashboards.operator_facts.holders import holder_names
from dashboards.sections import section_tabs
from dashboards.selectors.disputes import RELATED, clock_words, event_words, remedy_words, thread_of, zone_of
from dashboards.selectors.rewards import Reward, amount_words
from dashboards.views.operator.scope import Scope, operator_page
from settlement.baselines import BaselineError
from settlement.errors import BadAdjustment
from settlement.evidence.bundle import reward_lines
from settlement.models import Dispute, DisputeCategory, SettlementLine, Unit
from settlement.services import answer_dispute, resolve_against, resolve_by_adjusting, resolve_by_settling
from settlement.services.disputes import MOST_OUTCOME, MOST_WORDS, lacks_remedy

PER_PAGE = 50


@require_GET
@operator_page
def disputes(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The disputes by state and category; those that are not decided, unless the address says otherwise."""
    state, category = request.GET.get("state", facts.UNDECIDED), request.GET.get("category", "")
    page = Paginator(facts.queue(_visible(scope), state=state, category=category), PER_PAGE)
    shown = page.get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "tabs": section_tabs("settlement", "operator_disputes"),
        "page_obj": shown,
        "columns": facts.columns(),
        "rows": facts.rows(list(shown.object_list)),
        "state": state,
        "states": facts.STATES.items(),
        "category": category,
        "categories": DisputeCategory.choices,
    }
    return render(request, "dashboards/disputes/queue.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def dispute(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One dispute; a POST answers or decides."""
    found = get_object_or_404(_visible(scope).select_related(*RELATED), pk=pk)
    if request.method == "POST":
        if not scope.may_manage:
            raise PermissionDenied
        return _act(request, scope, found)
    return render(request, "dashboards/disputes/case.html", _context(scope, found))


def _context(scope: Scope, found: Dispute) -> dict[str, Any]:
    line = _line(found)
    return {
        "scope": scope,
        "dispute": found,
        "badge": facts.operator_badge(found),
        "who": holder_names({found.holder_id}).get(found.holder_id, "–"),
        "event": event_words(found),
        "clock": clock_words(found, zone_of(found)),
        "line": line,
        "amount": amount_words(Reward(tuple(reward_lines(line) or [line]))) if line else "",
        "thread": thread_of(found, for_operator=True),
        "remedies": remedy_words(found),
        "may_answer": scope.may_manage and found.is_undecided,
        "may_adjust": scope.may_manage and lacks_remedy(found),
        "most_words": MOST_WORDS,
        "most_outcome": MOST_OUTCOME,
        "currency": found.distributor.currency,
        "crumbs": [
            {"label": _("Settlement"), "url": reverse("operator_settlement")},
            {"label": _("Disputes"), "url": reverse("operator_disputes")},
        ],
    }


def _line(found: Dispute) -> SettlementLine | None:
    """The questioned line with all that its amount in words needs. One query."""
    if found.line_id is None:
        return None
    related = "run__event__program__distributor", "meter"
    return SettlementLine.objects.filter(pk=found.line_id).select_related(*related).first()


def _visible(scope: Scope) -> QuerySet[Dispute]:
    return Dispute.objects.visible_to(scope.user).filter(distributor=scope.distributor)


def _act(request: HttpRequest, scope: Scope, found: Dispute) -> HttpResponse:
    try:
        messages.success(request, _done(request, scope, found))
    except (PortalError, BaselineError) as refusal:
        messages.error(request, str(refusal))
    return redirect("operator_dispute", pk=found.pk)


def _done(request: HttpRequest, scope: Scope, found: Dispute) -> str:
    """Does what was chosen; what is said of it.

    Raises:
        PortalError: It cannot be done.
    """
    action, outcome = request.POST.get("action", ""), request.POST.get("outcome", "")
    if action == "answer":
        answer_dispute(dispute=found, words=request.POST.get("words", ""), by=scope.user)
        return _("Answered. The participant is told.")
    if action == "against":
        resolve_against(dispute=found, outcome=outcome, by=scope.user)
        return _("Decided: the amount stays. The participant is told why.")
    if action == "settle":
        resolve_by_settling(dispute=found, outcome=outcome, by=scope.user)
        return _("Decided, and worked out anew. Somebody else approves the new run; then the difference is posted.")
    if action == "adjust":
        amount, unit = amount_of(request.POST.get("amount", "")), unit_of(request.POST.get("unit", ""))
        resolve_by_adjusting(dispute=found, outcome=outcome, amount=amount, unit=unit, by=scope.user)
        return _("Decided, and an adjustment is asked for. Somebody else agrees to it; then it is posted.")
    raise PortalError(_("There is no such action."))


def amount_of(text: str) -> Decimal:
    """A signed amount as somebody typed it.

    Raises:
        BadAdjustment: It is no number.
    """
    try:
        return Decimal(text.strip().replace(",", ".").replace("−", "-"))
    except InvalidOperation:
        raise BadAdjustment(_("Write the amount as a number, such as 2.50.")) from None


def unit_of(text: str) -> Unit:
    """Money, unless it is points."""
    return Unit.POINTS if text == Unit.POINTS else Unit.MONEY
