"""One VEN in full: certificates, resources, reports, what it was told, what it opted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from meters.models import MeterMap
from openadr.models import (
    DeliveryRecord,
    EventDelivery,
    PowerSample,
    Report,
    ReportPoint,
    ReportRequest,
    Resource,
    Ven,
    VenCertificate,
    VenOpt,
)

MOST_RESOURCES = 200
MOST_OPTS = 20


def certificates_of(ven: Ven) -> list[VenCertificate]:
    """All that ever spoke for it, newest first."""
    return list(ven.certificates.order_by("-created_at", "-pk"))


@dataclass(frozen=True, slots=True)
class Thing:
    """One resource with the last it said."""

    resource: Resource
    power_w: int | None
    power_at: datetime | None


def things_of(ven: Ven) -> list[Thing]:
    """Its resources, those in use first. Two queries, and one for each resource in use of a few."""
    rows = list(ven.resources.select_related("meter", "status").order_by("ended_at", "name")[:MOST_RESOURCES])
    rows.sort(key=lambda row: (row.ended_at is not None, row.name))
    newest = _newest_powers([row.pk for row in rows])
    return [Thing(row, *newest.get(row.pk, (None, None))) for row in rows]


def away_meters(ven: Ven, things: Sequence[Thing], now: datetime) -> list[str]:
    """Numbers of the meters behind it that its owner does not have now. One query, none for a VEN without an owner."""
    meters = {thing.resource.meter for thing in things if thing.resource.ended_at is None} - {None}
    if ven.owner_id is None or not meters:
        return []
    held = MeterMap.objects.filter(entity=ven.owner_id, meter__in=meters, valid_from__lte=now).ending_after(now)
    there = set(held.values_list("meter_id", flat=True))
    return sorted(meter.number for meter in meters if meter is not None and meter.pk not in there)


def _newest_powers(ids: Sequence[int]) -> dict[int, tuple[int, datetime]]:
    """The newest sample of each: a step in the index each, where a grouping would read a day of samples."""
    found = {}
    for pk in ids:
        row = PowerSample.objects.filter(resource=pk).order_by("-at").values_list("power_w", "at").first()
        if row is not None:
            found[pk] = row
    return found


def reports_of(ven: Ven) -> QuerySet[Report]:
    """What it offers, with points and requests."""
    points = ReportPoint.objects.select_related("resource").order_by("r_id")
    requests = ReportRequest.objects.order_by("-id").prefetch_related("points")
    rows: QuerySet[Report] = Report.objects.filter(ven=ven).order_by("ended_at", "specifier_id")
    return rows.prefetch_related(Prefetch("points", points), Prefetch("requests", requests))


def deliveries_of(ven: Ven) -> QuerySet[EventDelivery]:
    """What it was told, the newest event first."""
    records = DeliveryRecord.objects.order_by("pk")
    rows: QuerySet[EventDelivery] = EventDelivery.objects.filter(ven=ven).order_by("-start", "-pk")
    return rows.select_related("event__program__distributor", "event__version").prefetch_related(
        Prefetch("records", records)
    )


def opts_of(ven: Ven) -> list[VenOpt]:
    """What it opted by itself, the newest first."""
    rows = VenOpt.objects.filter(ven=ven).select_related("delivery__event__program__distributor")
    return list(rows.order_by("-created_at", "-pk")[:MOST_OPTS])
