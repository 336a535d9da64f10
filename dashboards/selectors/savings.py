"""The two savings of a reader side by side (D15): saved in events first, below forecast second."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from common.speech import percent_words
from dashboards.charts import Payload, participation_payload
from dashboards.words import kwh
from meters.models import IntervalReading, Meter
from meters.selectors import BelowForecast, below_forecast
from meters.services.rollups import compared_by_hours

NOTHING = BelowForecast(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Compared:
    """Readings of one or more meters against their forecast, over [start, end)."""

    figures: BelowForecast
    start: datetime
    end: datetime


def compared(*, user: User, meter: Meter, start: datetime, end: datetime) -> Compared:
    """One meter's readings against their forecast, of the dates that were the reader's. One query.

    From the readings: of one meter they are read in the time that looking for sums takes.
    """
    readings = IntervalReading.objects.visible_to(user).filter(meter=meter, start__gte=start, start__lt=end)
    found = below_forecast(readings=readings)
    return Compared(found.get(meter.pk, NOTHING), start, end)


def compared_by_meter(*, user: User, meters: list[Meter], start: datetime, end: datetime) -> dict[int, BelowForecast]:
    """Meter id -> its figures; a meter without any forecast in that time is left out. From sums by hour."""
    return compared_by_hours(user=user, meter_ids=[meter.pk for meter in meters], start=start, end=end)


def saved_facts(saved_wh: int, figures: BelowForecast, *, period: str) -> list[dict[str, Any]]:
    """The rows of components/facts.html, in the order that D15 wants."""
    unknown = _("no forecast yet")
    below = f"{kwh(figures.saving_wh)} kWh" if figures.intervals else unknown
    signed = f"{kwh(figures.signed_wh)} kWh" if figures.intervals else unknown
    return [
        {"label": _("Saved in events"), "value": f"{kwh(saved_wh, 3)} kWh", "strong": True},
        {"label": _("Below forecast, %(period)s") % {"period": period}, "value": below},
        {"label": _("with the times above it taken off"), "value": signed},
    ]


def share_chart(figures: BelowForecast, *, version: str = "") -> Payload:
    """What the participation ring draws."""
    return participation_payload(figures.saving_intervals, figures.intervals, version=version)


def share_words(share: Fraction | None) -> str:
    """Participation in percent, a dash without one.

    >>> share_words(Fraction(31, 50))
    '62 %'
    """
    return "–" if share is None else percent_words(share)
