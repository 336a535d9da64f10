"""Forecasts in the admin: to read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from accounts.tenant_admin import ReadOnlyAdmin
from forecasting.models import Forecast, MeterForecast


@admin.register(Forecast)
class ForecastAdmin(ReadOnlyAdmin):
    """Issues."""

    list_display = ["issued_at", "distributor", "engine", "horizon_hours", "state", "finished_at"]
    list_select_related = ["distributor"]
    list_filter = ["state", "engine"]
    fields = ["issued_at", "engine", "horizon_hours", "state", "started_at", "finished_at", "error"]


@admin.register(MeterForecast)
class MeterForecastAdmin(ReadOnlyAdmin):
    """How each meter's share of an issue was made."""

    list_display = ["meter", "forecast", "rung", "fallback_reason", "mae_wh", "naive_mae_wh"]
    list_select_related = ["meter", "forecast__distributor"]
    list_filter = ["rung"]
    search_fields = ["meter__number", "meter__name"]
    fields = ["meter", "forecast", "rung", "fallback_reason", "mae_wh", "naive_mae_wh"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        assert isinstance(request.user, User)
        return MeterForecast.objects.filter(forecast__in=Forecast.objects.visible_to(request.user))
