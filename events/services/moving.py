"""What becomes of programs and events when a resident moves."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from events.models import Enrollment, Event, EventState, Participation, ParticipationState
from events.notices import Notice, tell_participants
from events.signals import opt_recorded
from meters.models import MeterMap
from meters.selectors import holders_at

_COMING = (EventState.SCHEDULED, EventState.NOTIFIED)


@transaction.atomic
def follow_end(*, meter_map: MeterMap) -> None:
    """Takes a meter out of its programs, and out of events to come, from the end of its resident's row on.

    Whoever moves in next is asked anew: nobody takes part because of somebody else's promise.
    """
    assert meter_map.valid_to is not None
    at = meter_map.valid_to
    lasting = Enrollment.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=at), meter=meter_map.meter_id)
    for enrollment in lasting.select_for_update().order_by("pk"):
        enrollment.ended_at = max(at, enrollment.enrolled_at)
        enrollment.save(update_fields=["ended_at"])
    coming = _coming(meter_map, at).filter(holder_id=meter_map.entity_id)
    for row in coming:
        row.holder_id, row.state = None, ParticipationState.OPTED_OUT
        row.save(update_fields=["holder", "state"])
        opt_recorded.send(sender=Participation, participation=row, at=timezone.now())


@transaction.atomic
def follow_return(*, meter_map: MeterMap, was: datetime) -> None:
    """Puts a meter whose resident stays after all back into its programs, and into events to come, unanswered."""
    ended = Enrollment.objects.filter(meter=meter_map.meter_id, ended_at=was).select_for_update().order_by("pk")
    programs = []
    for enrollment in ended:
        programs.append(enrollment.program_id)
        enrollment.ended_at = None
        enrollment.save(update_fields=["ended_at"])
    left = _coming(meter_map, was).filter(holder=None, state=ParticipationState.OPTED_OUT, event__program__in=programs)
    for row in left:
        told = row.event.state == EventState.NOTIFIED
        row.holder_id = meter_map.entity_id
        row.state = ParticipationState.NOTIFIED if told else ParticipationState.INVITED
        row.save(update_fields=["holder", "state"])
        opt_recorded.send(sender=Participation, participation=row, at=timezone.now())


@transaction.atomic
def follow_newcomer(*, meter_map: MeterMap) -> None:
    """Gives the meter's part in events to come to who moves in, and tells them of those that are announced."""
    rows = _coming(meter_map, meter_map.valid_from).exclude(state=ParticipationState.OPTED_OUT)
    told: list[Event] = []
    for row in rows.filter(Q(holder=None) | ~Q(holder_id=meter_map.entity_id)):
        holder = holders_at(meter_ids=[row.meter_id], at=row.event.start).get(row.meter_id)
        if holder == row.holder_id:
            continue
        row.holder_id = holder
        row.save(update_fields=["holder"])
        if row.event.state == EventState.NOTIFIED:
            told.append(row.event)
    for event in told:
        tell_participants(event=event, notice=Notice.ANNOUNCED)


def _coming(meter_map: MeterMap, at: datetime) -> QuerySet[Participation]:
    """The meter's part in events that start later than a moment and have not begun; the events are locked."""
    start = max(at, timezone.now())
    rows = Participation.objects.filter(meter=meter_map.meter_id, event__state__in=_COMING, event__start__gte=start)
    # The events first, as who answers does; by their keys alone, so that nothing else is locked.
    events = sorted(rows.values_list("event", flat=True))
    locked = Event.objects.filter(pk__in=events).order_by("pk").select_for_update()
    coming = [event.pk for event in locked if event.state in _COMING and event.start >= start]
    return rows.filter(event__in=coming).select_related("event__program__distributor").order_by("pk")
