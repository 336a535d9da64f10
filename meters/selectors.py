"""What is read of meters, in whole sets."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.db.models import Count, F, Q, QuerySet, Sum

from accounts.models import Kind
from meters.models import IntervalReading, MeterMap

# Ids in one IN list: from 1000 on MariaDB turns it into a join in an order of its own.
CHUNK = 500


def holders_at(*, meter_ids: Collection[int], at: datetime) -> dict[int, int]:
    """Meter id -> the entity that held it at a moment; a meter only the distributor has is left out.

    A resident comes before an organization, of two organizations the one that has it since later.
    """
    found: dict[int, int] = {}
    ids = sorted(meter_ids)
    for first in range(0, len(ids), CHUNK):
        rows = MeterMap.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=at),
            meter__in=ids[first : first + CHUNK],
            valid_from__lte=at,
        ).exclude(holder_kind=Kind.DISTRIBUTOR)
        # "organization" sorts before "user": the row that shall win is written last.
        ordered = rows.order_by("holder_kind", "valid_from", "id")
        found |= dict(ordered.values_list("meter_id", "entity_id"))
    return found


@dataclass(frozen=True)
class BelowForecast:
    """How a meter's readings compare with what was predicted for them (the first system's figures).

    Attributes:
        intervals: those with a prediction.
        saving_intervals: those of them with less use than predicted.
        saving_wh: sum of the savings of those; positive for pure noise too.
        signed_wh: sum of prediction less reading over all of them, which noise leaves near zero.
    """

    intervals: int
    saving_intervals: int
    saving_wh: int
    signed_wh: int

    @property
    def participation(self) -> Fraction | None:
        """The share of intervals with a saving; None without a prediction."""
        return Fraction(self.saving_intervals, self.intervals) if self.intervals else None


def below_forecast(*, readings: QuerySet[IntervalReading]) -> dict[int, BelowForecast]:
    """Meter id -> its figures over these readings (`visible_to` and the range are the caller's). One query.

    A meter without any prediction among them is left out.
    """
    rows = (
        readings.filter(predicted_wh__isnull=False)
        .order_by()
        .values("meter_id")
        .annotate(
            intervals=Count("start"),
            saving_intervals=Count("start", filter=Q(saving_wh__gt=0)),
            saving=Sum("saving_wh"),
            signed=Sum(F("predicted_wh") - F("energy_wh")),
        )
    )
    return {
        row["meter_id"]: BelowForecast(
            row["intervals"], row["saving_intervals"], int(row["saving"]), int(row["signed"])
        )
        for row in rows
    }


def below_forecast_of_all(*, readings: QuerySet[IntervalReading]) -> BelowForecast:
    """The figures over all meters of these readings together."""
    return added_up(below_forecast(readings=readings).values())


def added_up(figures: Collection[BelowForecast]) -> BelowForecast:
    """The figures of several meters together."""
    return BelowForecast(
        sum(row.intervals for row in figures),
        sum(row.saving_intervals for row in figures),
        sum(row.saving_wh for row in figures),
        sum(row.signed_wh for row in figures),
    )
