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


def recent_readings(
    distributor: Distributor, now: datetime, meters: QuerySet[Meter] | None = None
) -> QuerySet[IntervalReading]:
    """The distributor's readings of the last `DAYS` days, of all meters or of these."""
    since = now - timedelta(days=DAYS)
    readings = IntervalReading.objects.filter(meter__distributor=distributor, start__gte=since)
    return readings if meters is None else readings.filter(meter__in=meters.order_by().values("pk"))


def lines_of(distributor: Distributor, meters: QuerySet[Meter] | None = None) -> QuerySet[SettlementLine]:
    """Every line of the distributor's settlements, of all meters or of these."""
    lines = SettlementLine.objects.filter(run__event__program__distributor=distributor)
    return lines if meters is None else lines.filter(meter__in=meters.order_by().values("pk"))


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
