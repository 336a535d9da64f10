"""Forecasts in the admin: to read."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenant_admin import ReadOnlyAdmin
from forecasting import attention  # noqa: F401  # says what needs somebody
from forecasting.models import Forecast, MeterForecast


@admin.register(Forecast)
class ForecastAdmin(ReadOnlyAdmin):
    """Issues."""

    list_display = ["issued_at", "distributor", "engine", "horizon_hours", "state", "finished_at"]
    list_select_related = ["distributor"]
    list_filter = ["state", "engine", "issued_at"]
    search_fields = ["error"]
    search_help_text = _("Words of the error")
    ordering = ["-issued_at", "-id"]
    fields = ["issued_at", "engine", "horizon_hours", "state", "started_at", "finished_at", "error"]


@admin.register(MeterForecast)
class MeterForecastAdmin(ReadOnlyAdmin):
    """How each meter's share of an issue was made."""

    list_display = ["meter", "forecast", "rung", "fallback_reason", "mae_wh", "naive_mae_wh"]
    list_select_related = ["meter", "forecast__distributor"]
    list_filter = ["rung", "forecast__issued_at"]
    search_fields = ["meter__number", "meter__name", "fallback_reason"]
    search_help_text = _("Meter, or why a simpler way was taken")
    ordering = ["-forecast_id", "meter__number"]
    fields = ["meter", "forecast", "rung", "fallback_reason", "mae_wh", "naive_mae_wh"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        assert isinstance(request.user, User)
        return MeterForecast.objects.filter(forecast__in=Forecast.objects.visible_to(request.user))
