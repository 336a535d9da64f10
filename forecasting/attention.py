"""What needs somebody among forecasts."""

from datetime import timedelta

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.attention import Need, needs
from accounts.models import User
from forecasting.models import Forecast, ForecastState

LOOKED_BACK = timedelta(days=7)


@needs(55)
def failed_forecasts(user: User) -> list[Need]:
    """Forecasts of the last week that were not made."""
    since = timezone.now() - LOOKED_BACK
    rows = Forecast.objects.visible_to(user).filter(state=ForecastState.FAILED, started_at__gte=since)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("started_at"))
    words = ngettext(
        "%(count)d forecast failed in the last week", "%(count)d forecasts failed in the last week", found["count"]
    )
    url = f"{reverse('admin:forecasting_forecast_changelist')}?state__exact={ForecastState.FAILED}"
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]
