"""Jobs of forecasting."""

from celery import shared_task
from django.utils import timezone

from forecasting.errors import NothingToForecast
from forecasting.services import is_due, issue_daily_forecast
from organizations.models import Distributor


@shared_task
def forecast_distributors() -> None:
    """Asks for a forecast of each distributor that has none of its local day yet; beat calls it every hour."""
    for distributor in Distributor.objects.filter(meters__retired_at=None, meters__isnull=False).distinct():
        if is_due(distributor=distributor, now=timezone.now()):
            forecast_distributor.delay(distributor.pk)


@shared_task
def forecast_distributor(distributor_id: int) -> None:
    """Retrains every meter of a distributor and issues the day's forecast; a second call finds it done."""
    try:
        issue_daily_forecast(distributor=Distributor.objects.get(pk=distributor_id), now=timezone.now())
    except NothingToForecast:
        return  # kept as FAILED with its sentence; readings may come before the next hour
