"""VENs that came while an event was being announced, which the one did not see of the other."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from common.retry import retried
from events.models import Event, EventState, Participation
from events.models.participation import NOT_COUNTED
from openadr.models import EventDelivery, Resource
from openadr.selectors import allowed
from openadr.services.aligning import align
from openadr.services.changes import announce_later

# An event may go from nothing to announced in one transaction ("Start it now", a VTN above): who is enrolled meanwhile
# finds no event to wait for. So long after an event was announced such VENs are looked for; longer than that lasts.
LOOKED_FOR = timedelta(minutes=10)


def tell_newcomers(*, now: datetime | None = None) -> int:
    """How many VENs were told late of events announced in the last minutes; a job calls it twice a minute."""
    now = now or timezone.now()
    fresh = Event.objects.filter(notified_at__gt=now - LOOKED_FOR, end__gt=now)
    going = fresh.filter(state__in=(EventState.NOTIFIED, EventState.ACTIVE)).order_by("pk")
    return sum(_tell(event_pk) for event_pk in going.values_list("pk", flat=True))


@retried
@transaction.atomic
def _tell(event_pk: int) -> int:
    vens = _untold(event_pk)
    if not vens:
        return 0
    changed = align(Event.objects.select_for_update().get(pk=event_pk), vens)
    announce_later(changed)
    return len(changed)


def _untold(event_pk: int) -> set[int]:
    """VENs with a resource on a meter that is asked that nothing was ever told of the event."""
    asked = Participation.objects.filter(event=event_pk).exclude(state__in=NOT_COUNTED)
    rows = Resource.objects.filter(allowed("ven__"), ended_at=None, meter__in=asked.values("meter"))
    rows = rows.exclude(ven__in=EventDelivery.objects.filter(event=event_pk).values("ven"))
    return set(rows.order_by().values_list("ven_id", flat=True))
