"""VENs for tests of their pages: written as their services leave them."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.utils import timezone

from events.models import Event
from meters.models import Meter
from openadr.ids import new_id
from openadr.models import (
    DeliveryRecord,
    DeliveryStep,
    EventDelivery,
    Measure,
    PowerSample,
    Report,
    ReportPoint,
    ReportRequest,
    RequestState,
    Resource,
    Ven,
    VenCertificate,
    VenMessage,
    VenSeen,
    VenState,
)
from organizations.models import Distributor

YEAR = timedelta(days=365)


def make_ven(
    distributor: Distributor,
    name: str,
    *meters: Meter,
    state: str = VenState.REGISTERED,
    heard: timedelta | None = timedelta(seconds=4),
    ends: timedelta = YEAR,
    **fields: Any,
) -> Ven:
    """A VEN with a certificate, heard so long ago, and a resource for each meter."""
    now = timezone.now()
    is_registered = state == VenState.REGISTERED
    ven = Ven.objects.create(
        distributor=distributor,
        name=name,
        ven_id=new_id("ven"),
        state=state,
        registered_at=now - timedelta(days=1) if is_registered else None,
        registration_id=new_id("reg") if is_registered else None,
        **fields,
    )
    make_certificate(ven, ends=ends)
    if heard is not None:
        VenSeen.objects.create(ven=ven, at=now - heard, address="192.0.2.7", messages=12)
    for meter in meters:
        Resource.objects.create(ven=ven, name=meter.number, meter=meter)
    return ven


def make_certificate(ven: Ven, *, ends: timedelta = YEAR, **fields: Any) -> VenCertificate:
    """A certificate that is good for so long."""
    now = timezone.now()
    name = f"{ven.pk}-{VenCertificate.objects.count()}"
    return VenCertificate.objects.create(
        ven=ven, fingerprint=sha256(name.encode()).hexdigest(), subject=f"CN={ven.name}",
        valid_from=now + ends - 2 * YEAR, valid_to=now + ends, **fields,
    )  # fmt: skip


def told(ven: Ven, event: Event, *steps: str, opt: str = "", unreachable: bool = False) -> EventDelivery:
    """The event as it was told to the VEN, with these steps."""
    now = timezone.now()
    is_acknowledged = DeliveryStep.ACKNOWLEDGED in steps or bool(opt)
    span = {"start": event.start, "end": event.end, "due_at": now}
    # Announcing the event wrote it already for VENs behind meters that take part.
    row = EventDelivery.objects.get_or_create(ven=ven, event=event, defaults=span)[0]
    number = row.modification_number
    if DeliveryStep.DELIVERED in steps:
        row.delivered_at, row.delivered_modification = now, number
    if is_acknowledged:
        row.acknowledged_at, row.acknowledged_modification = now, number
    row.resources = []
    row.opt, row.opted_at, row.unreachable_at = opt, now if opt else None, now if unreachable else None
    row.save()
    DeliveryRecord.objects.bulk_create(
        [DeliveryRecord(delivery=row, step=step, modification_number=number, at=now) for step in steps]
    )
    return row


def samples(resource: Resource, watts: list[int], *, until: datetime | None = None, seconds: int = 10) -> None:
    """Powers each so many seconds, the last of them now."""
    last = until or timezone.now()
    PowerSample.objects.bulk_create(
        [
            PowerSample(resource=resource, at=last - place * timedelta(seconds=seconds), power_w=power)
            for place, power in enumerate(reversed(watts))
        ]
    )


def message(ven: Ven | None, code: int = 200, note: str = "", **fields: Any) -> VenMessage:
    """One exchange of the log."""
    values = {"kind": "oadrPoll", "answer_kind": "oadrResponse", "address": "192.0.2.7", **fields}
    return VenMessage.objects.create(
        ven=ven, distributor=ven.distributor if ven else None, code=code, note=note, **values
    )


def reporting(ven: Ven, resource: Resource | None) -> Report:
    """A report of usage with one point that is asked for, and one that is not."""
    report = Report.objects.create(ven=ven, specifier_id="usage-1", name="TELEMETRY_USAGE")
    now = timezone.now()
    power = ReportPoint.objects.create(
        report=report, r_id="power", resource=resource, measure=Measure.POWER, quantity="powerReal", unit="W",
        last_at=now, last_value=1234.0,
    )  # fmt: skip
    ReportPoint.objects.create(report=report, r_id="voltage", resource=None, quantity="voltage", unit="V")
    request = ReportRequest.objects.create(
        report=report, request_id=new_id("request"), granularity_seconds=10, report_back_seconds=10,
        state=RequestState.RUNNING, last_report_at=now,
    )  # fmt: skip
    request.points.add(power)
    return report
