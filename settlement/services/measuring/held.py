"""Since when the holders in an event have had their meters: what was used before is none of theirs."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef

from events.models import Event
from meters.models import MeterMap

# Longer than any rule looks back.
LONGEST_LOOK = timedelta(days=400)


def held_since(event: Event, *, after: int = 0, last: int | None = None) -> dict[int, datetime]:
    """Meter id -> since when without a break the holder in the event has had it; without those of long ago. One query.

    Args:
        after, last: only meters with ids above and up to these.
    """
    same = MeterMap.objects.filter(entity=OuterRef("entity"), meter=OuterRef("meter"))
    before = same.filter(valid_from__lt=OuterRef("valid_from"), valid_to__gte=OuterRef("valid_from"))
    rows = MeterMap.objects.filter(
        ~Exists(before),
        meter__participations__event=event,
        meter__participations__holder=F("entity"),
        meter__gt=after,
        valid_from__gt=event.start - LONGEST_LOOK,
    )
    if last is not None:
        rows = rows.filter(meter__lte=last)
    found: dict[int, datetime] = {}
    for meter_id, start in rows.order_by("valid_from").values_list("meter_id", "valid_from"):
        if start <= event.start or meter_id not in found:
            found[meter_id] = start
    return found
