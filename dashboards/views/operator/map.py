"""The map of all meters."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from dashboards.operator_facts import chart_words, selection
from dashboards.sections import section_tabs
from dashboards.views.operator.meters import chosen_meters
from dashboards.views.operator.scope import Scope, operator_page

MOST_LISTED = 200


@require_GET
@operator_page
def meter_map(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Meters by their coordinates; those without are listed."""
    of = request.GET.get("of", "")
    meters = chosen_meters(request, scope.distributor)
    lost = meters.filter(latitude__isnull=True) | meters.filter(longitude__isnull=True)
    unplaced = list(lost[:MOST_LISTED])
    query = urlencode({"of": of, "distributor": scope.distributor.pk} if scope.distributors else {"of": of})
    context = {
        "scope": scope,
        "tabs": section_tabs("meters", "operator_map"),
        "of": of,
        "choices": selection.choices(scope.distributor),
        "map_columns": chart_words.map_columns(),
        "data_url": f"{reverse('chart_map')}?{query}",
        "unplaced": unplaced,
        "unplaced_count": len(unplaced) if len(unplaced) < MOST_LISTED else lost.count(),
        "total": meters.count(),
    }
    return render(request, "dashboards/operator/map.html", context)
