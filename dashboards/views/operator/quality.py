"""How complete readings are, by meter and day."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from common import speech
from common.intervals import day_bounds
from common.spreadsheet import safe_cell
from dashboards.operator_facts import doubts, selection
from dashboards.operator_facts.completeness import (
    SPANS,
    Filled,
    MeterRow,
    Overview,
    days_until_yesterday,
    overview,
    rows_of,
)
from dashboards.sections import section_tabs
from dashboards.views.operator.meters import chosen_meters
from dashboards.views.operator.scope import Scope, operator_page
from meters.models import Meter, QualityHit, QualityRule

PER_PAGE = 25


@dataclass(frozen=True)
class _Asked:
    """What the address asks for."""

    days: Sequence[date]
    meters: QuerySet[Meter]
    rule: str


@require_GET
@operator_page
def quality(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The heat map of completeness, the least complete meters first, with all of them by day above."""
    asked = _asked(request, scope)
    facts = overview(scope.distributor, asked.meters, asked.days)
    page = _page(request, facts)
    context = {
        "scope": scope,
        "facts": facts,
        "all_meters": _together(facts),
        "rows": rows_of(list(page.object_list), scope.distributor, asked.days),
        "page_obj": page,
        "tabs": tabs_of(scope, "operator_quality"),
        "spans": _spans(request, len(asked.days)),
        "of": request.GET.get("of", ""),
        "choices": selection.choices(scope.distributor),
        "rule": asked.rule,
        "rules": QualityRule.choices,
        "columns": [speech.day_words(day) for day in asked.days],
    }
    return render(request, "dashboards/operator/quality.html", context)


@require_GET
@operator_page
def quality_csv(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The same as a file: the page that is named, else all meters of the choice."""
    asked = _asked(request, scope)
    facts = overview(scope.distributor, asked.meters, asked.days)
    shown = list(_page(request, facts).object_list) if "page" in request.GET else list(facts.ranked)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="completeness.csv"'
    writer = csv.writer(response)
    writer.writerow(["meter", "day", "expected", "measured", "estimated", "measured_percent"])
    for row in rows_of(shown, scope.distributor, asked.days):
        writer.writerows(_lines(row))
    return response


def _lines(row: MeterRow) -> list[list[object]]:
    filled = [(cell.day, cell.filled) for cell in row.cells if cell.filled is not None]
    return [
        [safe_cell(row.meter.number), day, each.expected, each.measured, each.estimated, each.percent]
        for day, each in filled
    ]


def tabs_of(scope: Scope, current: str) -> list[dict[str, object]]:
    """The pages on the distributor's data, with what is open."""
    open_ones = sum(doubts.open_counts(QualityHit.objects.filter(distributor=scope.distributor)).values())
    return section_tabs("data", current, {"operator_quality_hits": open_ones})


def _asked(request: HttpRequest, scope: Scope) -> _Asked:
    count = request.GET.get("days", "")
    days = days_until_yesterday(scope.distributor, int(count) if count in map(str, SPANS) else SPANS[1], timezone.now())
    meters, rule = chosen_meters(request, scope.distributor), request.GET.get("rule", "")
    if rule in QualityRule.values:
        meters = doubts.doubtful(meters, rule, day_bounds(days[0], scope.distributor.zone)[0])
    return _Asked(days, meters, rule if rule in QualityRule.values else "")


def _page(request: HttpRequest, facts: Overview) -> "Page[tuple[int, Filled]]":
    return Paginator(facts.ranked, PER_PAGE).get_page(request.GET.get("page"))


def _together(facts: Overview) -> Filled:
    cells = [cell.filled for cell in facts.by_day if cell.filled is not None]
    return Filled(
        sum(cell.measured for cell in cells),
        sum(cell.estimated for cell in cells),
        sum(cell.expected for cell in cells),
    )


def _spans(request: HttpRequest, current: int) -> list[dict[str, object]]:
    def address(count: int) -> str:
        query = request.GET.copy()
        query.pop("page", None)
        query["days"] = str(count)
        return f"?{query.urlencode()}"

    return [
        {"label": _("%(count)d days") % {"count": count}, "url": address(count), "current": count == current}
        for count in SPANS
    ]
