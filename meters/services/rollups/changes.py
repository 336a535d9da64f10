"""Marks for changes of who holds a meter, of its feeder, and of its clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Max, Min

from meters.models import HourlyEnergy, IntervalReading, Meter, RollupMark, ScopeKind, ScopeMark
from meters.services.rollups.marks import mark_spans
from meters.services.rollups.spans import HOUR
from meters.services.rollups.tables import IDS_PER_STATEMENT, second_of

_DAYS = 2 * timedelta(days=1)


def mark_holder(*, meter_id: int, organization_id: int, start: datetime, end: datetime | None) -> None:
    """Has the organization's sums made again over [start, end), and those of its groups with them.

    The meter is locked: see `_is_empty`.
    """
    distributor_id = Meter.objects.values_list("distributor_id", flat=True).get(pk=meter_id)
    if not _is_empty(meter_id, distributor_id):
        ScopeMark.objects.create(
            distributor_id=distributor_id,
            kind=ScopeKind.ORGANIZATION,
            scope_id=organization_id,
            start=start,
            end=end,
        )


def mark_feeder(*, meter_id: int, distributor_id: int, feeder_id: int | None) -> None:
    """Has the feeder's sums made again; the meter, which is or was on it, is locked."""
    if feeder_id is not None and not _is_empty(meter_id, distributor_id):
        ScopeMark.objects.create(distributor_id=distributor_id, kind=ScopeKind.FEEDER, scope_id=feeder_id)


def _is_empty(meter_id: int, distributor_id: int) -> bool:
    """Whether the meter adds nothing to any sum, so that a long list of new meters has nothing made again.

    While sums of the distributor wait, nobody can say: some of this meter may be on their way in or out.
    """
    return not (
        IntervalReading.objects.filter(meter=meter_id).exists()
        or HourlyEnergy.objects.filter(meter=meter_id).exists()
        or RollupMark.objects.filter(distributor=distributor_id).exists()
    )


def mark_clock(*, distributor_id: int, meter_ids: Sequence[int]) -> None:
    """Has all hours and days of these meters made again, those that were of other days too."""
    for first in range(0, len(meter_ids), IDS_PER_STATEMENT):
        spans = history_of(meter_ids[first : first + IDS_PER_STATEMENT])
        mark_spans(
            distributor_id=distributor_id,
            spans=[(meter_id, second_of(low - _DAYS), second_of(high + _DAYS)) for meter_id, low, high in spans],
        )


def history_of(meter_ids: Sequence[int]) -> list[tuple[int, datetime, datetime]]:
    """(Meter id, start, end) from the first to after the last hour with a reading or a sum, for those with any."""
    found: dict[int, tuple[datetime, datetime]] = {}
    for model in (IntervalReading, HourlyEnergy):
        rows = model.objects.filter(meter__in=meter_ids).order_by().values("meter_id")
        for meter_id, low, high in rows.annotate(low=Min("start"), high=Max("start")).values_list(
            "meter_id", "low", "high"
        ):
            known = found.get(meter_id, (low, high))
            found[meter_id] = min(low, known[0]), max(high, known[1])
    after = timedelta(seconds=HOUR)
    return [(meter_id, low, high + after) for meter_id, (low, high) in sorted(found.items())]
