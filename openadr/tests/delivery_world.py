"""Devices behind meters, and events for them."""

from itertools import count
from typing import Any

from events.models import Event, Participation
from events.services import advance_events
from meters.models import Meter
from openadr.ids import new_id
from openadr.models import EventDelivery, Resource, Ven
from organizations.models import Distributor

_numbers = count(1)


def make_ven(distributor: Distributor, *meters: Meter, owner: Any = None, **fields: Any) -> Ven:
    """A VEN with a resource behind each of the meters: r1, r2 and so on."""
    fields = {"name": f"Device {next(_numbers)}", "ven_id": new_id("ven")} | fields
    ven = Ven.objects.create(distributor=distributor, owner_id=owner and owner.pk, **fields)
    for number, meter in enumerate(meters, 1):
        add_resource(ven, meter, f"r{number}")
    return ven


def add_resource(ven: Ven, meter: Meter | None, name: str) -> Resource:
    """One more thing behind a VEN."""
    return Resource.objects.create(ven=ven, meter=meter, name=name)


def delivery_of(ven: Ven, event: Event) -> EventDelivery:
    """What the VEN is told of the event."""
    return EventDelivery.objects.get(ven=ven, event=event)


def is_told(ven: Ven, event: Event) -> bool:
    """Whether the VEN has anything to hear of the event, and it is not called off."""
    return EventDelivery.objects.filter(ven=ven, event=event, is_cancelled=False).exists()


def steps_of(ven: Ven, event: Event) -> list[tuple[str, int]]:
    """The history: step and modification number, in order."""
    return list(delivery_of(ven, event).records.order_by("id").values_list("step", "modification_number"))


def part_of(meter: Meter, event: Event) -> Participation:
    """The meter's part, as it is now."""
    return Participation.objects.get(meter=meter, event=event)


def run_now(event: Event) -> Event:
    """The event by the clock at its start: running."""
    advance_events(now=event.start)
    event.refresh_from_db()
    return event
