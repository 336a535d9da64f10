"""VENs for the benchmarks of the VTN, put in by the thousand."""

from pathlib import Path

from django.test import override_settings

from events.models import Event
from meters.models import Meter
from openadr import pki
from openadr.models import EventDelivery, Resource, Ven, VenState
from openadr.services.changes import announce_changes
from openadr.services.enrolling import enroll_ven
from organizations.models import Distributor
from simulator.homes.register import meter_name


def make_vens(distributor: Distributor, first: int, end: int) -> None:
    """Registered VENs "ven-0" and so on, for which nothing waits."""
    rows = [
        Ven(
            distributor=distributor, name=f"home-{number}", ven_id=f"ven-{number}", state=VenState.REGISTERED,
            registration_id=f"registration-{number}", knows_our_reports=True,
        )
        for number in range(first, end)
    ]  # fmt: skip
    Ven.objects.bulk_create(rows, batch_size=1_000)
    announce_changes(None)


def make_pending(event: Event, count: int) -> None:
    """An event that every tenth VEN never acknowledges."""
    vens = Ven.objects.order_by("pk").values_list("pk", flat=True)[::10][:count]
    own = {"event": event, "start": event.start, "end": event.end, "due_at": event.start}
    EventDelivery.objects.bulk_create([EventDelivery(ven_id=pk, **own) for pk in vens], batch_size=1_000)
    announce_changes(None)


def make_devices(distributor: Distributor, folder: Path, var: Path, count: int, *, must_sign: bool) -> None:
    """Registered VENs with certificates of the authority in `var`; certificates and keys go to `folder`."""
    folder.mkdir()
    with override_settings(VAR_DIR=var):
        (folder / "ca.pem").write_text(pki.authority_pem())
        for number in range(count):
            name = f"{'signer' if must_sign else 'tls'}-{number}"
            enrolled = enroll_ven(distributor=distributor, name=name, must_sign=must_sign)
            own = folder / enrolled.ven.ven_id
            own.with_suffix(".crt").write_text(enrolled.certificate_pem)
            own.with_suffix(".key").write_text(enrolled.key_pem)
            Ven.objects.filter(pk=enrolled.ven.pk).update(
                state=VenState.REGISTERED, registration_id=f"registration-{name}", knows_our_reports=True
            )
    announce_changes(None)


def make_homes(distributor: Distributor, count: int) -> None:
    """VENs "D-0001" and so on that have never registered, each with a meter of five minutes."""
    names = [meter_name(number) for number in range(1, count + 1)]
    meters = [Meter(distributor=distributor, number=name, interval_minutes=5) for name in names]
    vens = [Ven(distributor=distributor, name=name, ven_id=f"ven-{name}") for name in names]
    Meter.objects.bulk_create(meters, batch_size=1_000)
    Ven.objects.bulk_create(vens, batch_size=1_000)
    own = dict(Meter.objects.filter(number__in=names).values_list("number", "pk"))
    found = Ven.objects.filter(name__in=names).values_list("name", "pk")
    rows = [Resource(ven_id=pk, name=name, meter_id=own[name], is_source=True) for name, pk in found]
    Resource.objects.bulk_create(rows, batch_size=1_000)
    announce_changes(None)
