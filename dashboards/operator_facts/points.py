"""Meters as the map and the rank show them."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboards.charts import MeterPoint
from meters.models import Meter
from meters.selectors import BelowForecast
from meters.services.rollups import compared_of_meters
from organizations.models import Distributor
from settlement.models import SettlementLine
from settlement.selectors import Saved, saved_by_meter

DAYS = 30
"""How far back below forecast and participation look."""


def recently_compared(meters: Collection[Meter], now: datetime) -> dict[int, BelowForecast]:
    """Meter id -> its readings of the last `DAYS` days against their forecast, from sums by hour."""
    ids = [meter.pk for meter in meters]
    return compared_of_meters(meter_ids=ids, start=now - timedelta(days=DAYS), end=now)


def lines_of(distributor: Distributor, meters: QuerySet[Meter] | None = None) -> QuerySet[SettlementLine]:
    """Every line of the distributor's settlements, of all meters or of these."""
    lines = SettlementLine.objects.filter(run__event__program__distributor=distributor)
    return lines if meters is None else lines.filter(meter__in=meters.order_by().values("pk"))


def meter_points(distributor: Distributor, meters: QuerySet[Meter], now: datetime) -> list[MeterPoint]:
    """Each of these meters with what it saved in settled events and its participation."""
    shown = list(meters.select_related("feeder"))
    saved, below = saved_by_meter(lines=lines_of(distributor)), recently_compared(shown, now)
    return [_point(meter, saved.get(meter.pk, Saved()), below.get(meter.pk)) for meter in shown]


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
