"""Data of the charts that only operators see."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from dashboards.charts import (
    CorrelationSeries,
    Payload,
    correlation_payload,
    empty_payload,
    etag,
    map_payload,
    payload_json,
)
from dashboards.operator_facts.points import meter_points
from dashboards.views.charts import answer
from dashboards.views.operator.meters import chosen_meters
from dashboards.views.operator.scope import Scope, operator_page
from forecasting.errors import NoCorrelation
from forecasting.selectors import meter_autocorrelation
from meters.models import Meter
from organizations.access import Role, role_of


@require_GET
@operator_page
def chart_map(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The map's meters: place, kind, rank, savings in events, participation."""
    meters = chosen_meters(request, scope.distributor)
    body = payload_json(map_payload(meter_points(scope.distributor, meters, timezone.now())))
    return answer(request, etag(body), lambda: body)


@require_GET
def chart_correlation(request: HttpRequest, pk: int) -> HttpResponse:
    """Autocorrelation and partial autocorrelation of one meter; no business of customers."""
    assert isinstance(request.user, User)
    visible = Meter.objects.visible_to(request.user).select_related("distributor")
    meter = get_object_or_404(visible, pk=pk)
    role = role_of(request.user)
    if not (role.is_staff or role is Role.PLATFORM):
        raise PermissionDenied
    body = payload_json(_correlation(meter))
    return answer(request, etag(body), lambda: body)


def _correlation(meter: Meter) -> Payload:
    try:
        found = meter_autocorrelation(meter=meter, at=timezone.now())
    except NoCorrelation as reason:
        return empty_payload("correlation", str(reason))
    flat = found.acf[1:] * 0 + 1
    acf, pacf = (
        CorrelationSeries(values[1:], flat * found.band_95, flat * found.band_99) for values in (found.acf, found.pacf)
    )
    return correlation_payload(acf, pacf, interval_minutes=meter.interval_minutes)
