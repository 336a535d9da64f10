"""Times that baselines and fits leave out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from common.intervals import to_utc
from meters.models import Exclusion, ExclusionKind, Meter

_SPAN = ("meter_id", "feeder_id", "start", "end", "kind")


class ExcludedSpan(NamedTuple):
    """[start, end) does not count, and why."""

    start: datetime
    end: datetime
    kind: ExclusionKind


@transaction.atomic
def exclude(*, kind: ExclusionKind, meters: Iterable[Meter], start: datetime, end: datetime, source: str) -> int:
    """How many of the meters got the exclusion; those that have exactly this one already stay as they are.

    Raises:
        ValueError: The end is not after the start, or there is no source to remove it by.
    """
    start, end = to_utc(start), to_utc(end)
    if end <= start or not source:
        raise ValueError("An exclusion ends after its start and names its source.")
    # Locked, so that two callers at once do not both find nothing.
    locked = list(Meter.objects.filter(pk__in=[meter.pk for meter in meters]).order_by("pk").select_for_update())
    same = Exclusion.objects.filter(kind=kind, start=start, end=end, source=source)
    known = set(same.filter(meter__in=locked).values_list("meter_id", flat=True))
    rows = [
        Exclusion(distributor_id=meter.distributor_id, kind=kind, meter=meter, start=start, end=end, source=source)
        for meter in locked
        if meter.pk not in known
    ]
    return len(Exclusion.objects.bulk_create(rows))


def remove_exclusions(*, source: str) -> int:
    """How many exclusions of this source there were; none are left.

    Raises:
        ValueError: No source is named.
    """
    if not source:
        raise ValueError("Exclusions are removed by their source.")
    return Exclusion.objects.filter(source=source).delete()[0]


def excluded_spans(*, meters: Sequence[Meter], start: datetime, end: datetime) -> dict[int, list[ExcludedSpan]]:
    """Per meter id the spans that touch [start, end), earliest first, those of its feeder among them."""
    touching = Exclusion.objects.filter(start__lt=end, end__gt=start).order_by("start", "end")
    spans: dict[int, list[ExcludedSpan]] = {meter.pk: [] for meter in meters}
    by_feeder: dict[int, list[int]] = {}
    for meter in meters:
        if meter.feeder_id is not None:
            by_feeder.setdefault(meter.feeder_id, []).append(meter.pk)
    distributors = {meter.distributor_id for meter in meters}
    rows = touching.filter(distributor__in=distributors)
    for meter_id, feeder_id, first, last, reason in rows.values_list(*_SPAN):
        found = ExcludedSpan(first, last, ExclusionKind(reason))
        for affected in [meter_id] if meter_id is not None else by_feeder.get(feeder_id, []):
            if affected in spans:
                spans[affected].append(found)
    return spans
