"""A device of each side, with its certificate."""

from datetime import timedelta
from hashlib import sha256

from django.utils import timezone

from dashboards.tests.ven_tools import message, reporting, samples, told
from events.models import Event
from openadr.models import DeliveryStep, Resource, Ven, VenCertificate
from tests.access.world.life import Life


def enroll_device(life: Life, name: str) -> None:
    """A device that has not registered yet."""
    ven = Ven.objects.create(
        distributor=life.side.distributor, name=f"{name} pump", ven_id=f"ven-{name.lower()}", owner=life.side.resident
    )
    now = timezone.now()
    certificate = VenCertificate.objects.create(
        ven=ven,
        fingerprint=sha256(name.encode()).hexdigest(),
        subject=f"CN={name} pump",
        valid_from=now,
        valid_to=now + timedelta(days=700),
    )
    life.objects["ven"] = life.rows["openadr/ven"] = ven.pk
    life.rows["openadr/vencertificate"] = certificate.pk
    _has_spoken(life, ven, name)


def _has_spoken(life: Life, ven: Ven, name: str) -> None:
    """A resource with a power, a report, the coming event as it was told, and one message in the log."""
    resource = Resource.objects.create(ven=ven, name=f"{name} meter", meter=life.side.home)
    samples(resource, [1200] * 3)
    reporting(ven, resource)
    told(ven, Event.objects.get(pk=life.objects["coming"]), DeliveryStep.DELIVERED)
    life.objects["ven message"] = message(ven, 400, f"{name} was refused", body=f"<a>{name}</a>").pk
