"""The list of VENs."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards.operator_facts import vens as facts
from dashboards.sections import section_tabs
from dashboards.selectors import vens as selector
from dashboards.views.operator.scope import Scope, operator_page

PER_PAGE = 50


@require_GET
@operator_page
def vens(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The distributor's VENs by name, searched and filtered by how they stand."""
    words, standing = request.GET.get("find", "").strip()[:80], request.GET.get("state", "")
    now, rows = timezone.now(), selector.vens_of(scope.user, scope.distributor)
    page = Paginator(selector.found(rows, words=words, standing=standing, now=now), PER_PAGE).get_page(
        request.GET.get("page")
    )
    counts = selector.counts_of(rows, now)
    context: dict[str, Any] = {
        "scope": scope,
        "tabs": section_tabs("devices", "operator_vens"),
        "counts": counts,
        "tiles": facts.tiles(counts),
        "find": words,
        "state": standing,
        "states": list(facts.standing_words().items()),
        "page_obj": page,
        "columns": facts.columns(),
        "rows": facts.rows(list(page.object_list), now, scope.distributor.zone),
    }
    return render(request, "dashboards/vens/list.html", context)
