"""Organization, then meter: one meter's use, figures and correlation."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards.operator_facts import chart_words, selection
from dashboards.operator_facts import meter as facts
from dashboards.operator_facts.overview import newest_readings
from dashboards.sections import section_tabs
from dashboards.views.operator.scope import Scope, operator_page
from meters.models import Meter
from organizations.models import Distributor

MOST_LISTED = 500


@require_GET
@operator_page
def meters(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The chosen meter; without a choice the first one of the selection."""
    now = timezone.now()
    found = _found(request, scope.distributor)
    listed = list(found.select_related("feeder", "distributor")[:MOST_LISTED])
    meter = _chosen(request, scope.distributor, found, listed)
    if meter is not None and meter not in listed:
        listed.insert(0, meter)
    context = {
        "scope": scope,
        "tabs": section_tabs("meters", "operator_meters"),
        "of": request.GET.get("of", ""),
        "find": request.GET.get("find", ""),
        "silent": request.GET.get("silent", ""),
        "choices": selection.choices(scope.distributor),
        "listed": listed,
        "total": len(listed) if len(listed) < MOST_LISTED else found.count(),
        "meter": meter,
    }
    if meter is not None:
        context |= _in_full(meter, now)
    return render(request, "dashboards/operator/meters.html", context)


def _in_full(meter: Meter, now: datetime) -> dict[str, object]:
    return {
        "tiles": facts.savings_tiles(meter, now),
        "facts": facts.meter_facts(meter, now),
        "use_columns": chart_words.use_columns(),
        "use_keys": chart_words.use_keys(),
        "correlation_columns": chart_words.correlation_columns(),
    }


def chosen_meters(request: HttpRequest, distributor: Distributor) -> QuerySet[Meter]:
    """The meters behind the address's `of`; 404 for what the distributor does not have."""
    try:
        return selection.meters_of(distributor, request.GET.get("of", ""))
    except selection.UnknownChoice as unknown:
        raise Http404 from unknown


def _found(request: HttpRequest, distributor: Distributor) -> QuerySet[Meter]:
    found = chosen_meters(request, distributor)
    words = request.GET.get("find", "").strip()
    if words:
        found = found.filter(Q(number__icontains=words) | Q(name__icontains=words))
    if request.GET.get("silent"):
        now = timezone.now()
        found = found.filter(pk__in=[row.pk for row in newest_readings(found, now) if row.is_stale(now)])
    return found


def _chosen(
    request: HttpRequest, distributor: Distributor, found: QuerySet[Meter], listed: list[Meter]
) -> Meter | None:
    """The meter of the address if it is in the selection, else the selection's first; 404 for another's."""
    asked = request.GET.get("meter", "")
    if not asked:
        return listed[0] if listed else None
    pk = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0
    if not Meter.objects.filter(distributor=distributor, pk=pk).exists():
        raise Http404
    inside = found.filter(pk=pk).select_related("feeder", "distributor").first()
    return inside or (listed[0] if listed else None)
