"""Meters as the map and the rank show them."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboards.charts import MeterPoint
from meters.models import IntervalReading, Meter
from meters.selectors import BelowForecast, below_forecast
from organizations.models import Distributor
from settlement.models import SettlementLine
from settlement.selectors import Saved, saved_by_meter

DAYS = 30
"""How far back below forecast and participation look."""


def recent_readings(distributor: Distributor, now: datetime) -> QuerySet[IntervalReading]:
    """The distributor's readings of the last `DAYS` days."""
    since = now - timedelta(days=DAYS)
    return IntervalReading.objects.filter(meter__distributor=distributor, start__gte=since)


def lines_of(distributor: Distributor) -> QuerySet[SettlementLine]:
    """Every line of the distributor's settlements."""
    return SettlementLine.objects.filter(run__event__program__distributor=distributor)


def meter_points(distributor: Distributor, meters: QuerySet[Meter], now: datetime) -> list[MeterPoint]:
    """Each of these meters with what it saved in settled events and its participation. Three queries."""
    saved = saved_by_meter(lines=lines_of(distributor))
    below = below_forecast(readings=recent_readings(distributor, now))
    return [
        _point(meter, saved.get(meter.pk, Saved()), below.get(meter.pk)) for meter in meters.select_related("feeder")
    ]


def _point(meter: Meter, saved: Saved, below: BelowForecast | None) -> MeterPoint:
    share = below.participation if below else None
    return MeterPoint(
        name=meter.label,
        kind=meter.usage_kind or _("kind not known"),
        savings_wh=saved.saved_wh,
        participation=None if share is None else float(share),
        latitude=None if meter.latitude is None else float(meter.latitude),
        longitude=None if meter.longitude is None else float(meter.longitude),
        feeder=meter.feeder.name if meter.feeder else "",
        url=reverse("meter_detail", args=[meter.pk]),
    )
