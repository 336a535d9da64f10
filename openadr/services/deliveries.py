"""What VENs are told of events: brought in line with each change, told until acknowledged, reported if never.

`aligning` writes what each VEN is to be told, `acknowledging` takes what they answer, `unreachable` reports those
who do not; here is what the other rooms' news mean for them, and what the VTN says it has handed over.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from common.retry import retried
from events.errors import EventError
from events.models import Event, EventState, Participation, ParticipationState
from events.services import record_opts
from openadr.models import DeliveryRecord, DeliveryStep, EventDelivery, Resource, Ven, VenChange
from openadr.services.acknowledging import Ack, AckOutcome, AckResult, acknowledge, opt_for_event
from openadr.services.aligning import BATCH, TOLD_IN, align, lock_deliveries
from openadr.services.changes import announce_changes, announce_later
from openadr.services.skipping import skipped_by_opts
from openadr.services.unreachable import mark_unreachable

__all__ = [
    "Ack",
    "AckOutcome",
    "AckResult",
    "acknowledge",
    "announce_missed",
    "deliver_event",
    "deliver_meters",
    "deliver_vens",
    "hear_schedules",
    "mark_unreachable",
    "note_delivered",
    "opt_for_event",
]
# Also what is about to be announced: who announces it may not see what is written here, but has it locked until then.
COMING = (EventState.SCHEDULED, EventState.NOTIFIED, EventState.ACTIVE)
# Longer than any job that looks for what was not announced may be late.
MISSED = timedelta(minutes=3)


@transaction.atomic
def deliver_event(*, event: Event) -> int:
    """How many VENs are to be told something else of the event than before; called with each change of it.

    The processes of the VTN hear of it after the transaction, which may be long, as in all functions here.
    Nothing happens for an event that nobody was told of, and by the clock that starts and ends it; but who is out at
    the start because only who joined takes part is told that it is off.
    """
    if event.notified_at is None or event.state not in TOLD_IN:
        return 0
    locked = Event.objects.select_for_update().get(pk=event.pk)
    changed = align(locked)
    announce_later(changed)
    return len(changed)


def hear_schedules(*, event: Event) -> int:
    """How many who have not answered skip the event, as a VEN of theirs said that it is not available then.

    Called before people are told: who has not been told yet skips it from the first.
    """
    if event.state != EventState.NOTIFIED:
        return 0
    keys = defaultdict(set)
    for part in skipped_by_opts(event=event):
        keys[part.state].add(part.pk)
    out, count = ParticipationState.OPTED_OUT, 0
    for state, at in ((ParticipationState.INVITED, event.notified_at), (ParticipationState.NOTIFIED, None)):
        # Once the time to answer is over their silence counts, as anybody's.
        with suppress(EventError):
            count += len(record_opts(event=event, keys=keys[state], answer=out, at=at)) if keys[state] else 0
    return count


@transaction.atomic
def deliver_vens(ven_ids: Collection[int]) -> int:
    """How many of these VENs are to be told something else than before, of all events that are not over.

    For whatever changes who a VEN is: its meters, its owner's approval, that it was enrolled or revoked.
    """
    ids = set(ven_ids)
    if not ids:
        return 0
    changed: set[int] = set()
    for event in Event.objects.filter(pk__in=_events_of(ids)).select_for_update().order_by("pk"):
        changed |= align(event, ids)
    announce_later(changed)
    return len(changed)


def _events_of(ven_ids: Collection[int]) -> set[int]:
    """Events to come and running that ask a meter of these VENs, or that one of them was told of."""
    going = list(Event.objects.filter(state__in=COMING, end__gt=timezone.now()).order_by().values_list("pk", flat=True))
    meters = set(Resource.objects.filter(ven__in=ven_ids, meter__isnull=False).values_list("meter", flat=True))
    asking = Participation.objects.filter(event__in=going, meter__in=meters).values_list("event", flat=True)
    told = EventDelivery.objects.filter(event__in=going, ven__in=ven_ids).values_list("event", flat=True)
    return {*asking, *told}


@transaction.atomic
def deliver_meters(meter_ids: Collection[int], *, event: Event | None = None) -> int:
    """How many VENs behind these meters are to be told something else than before, of one event or of all."""
    vens = set(Ven.objects.filter(resources__meter__in=meter_ids).values_list("pk", flat=True))
    if event is None or not vens:
        return deliver_vens(vens)
    changed = align(Event.objects.select_for_update().get(pk=event.pk), vens)
    announce_later(changed)
    return len(changed)


def announce_missed() -> int:
    """How many VENs were announced late: told something else in the last minutes, and not announced since.

    Makes up for a process that ended between a commit and its announcement.
    """
    since = timezone.now() - MISSED
    told = EventDelivery.objects.filter(changed_at__gt=since, end__gt=timezone.now())
    said: dict[int | None, datetime] = {}
    for ven_id, at in VenChange.objects.filter(at__gt=since).order_by("at").values_list("ven_id", "at").iterator():
        said[ven_id] = at
    to_all = said.get(None, since)
    rows = told.values_list("ven_id", "changed_at")
    vens = {ven_id for ven_id, at in rows if max(said.get(ven_id, since), to_all) < at}
    announce_changes(vens)
    return len(vens)


def note_delivered(rows: Sequence[tuple[int, int, int]]) -> int:
    """How many deliveries were handed over for the first time at their modification; the others are as they were.

    Args:
        rows: VEN, event and the modification number that was sent.
    """
    return _note_delivered(rows) if rows else 0


@retried
@transaction.atomic
def _note_delivered(rows: Sequence[tuple[int, int, int]]) -> int:
    sent: dict[tuple[int, int], int] = {}
    for ven_pk, event_pk, number in rows:
        sent[ven_pk, event_pk] = max(number, sent.get((ven_pk, event_pk), 0))
    now = timezone.now()
    new: dict[int, list[EventDelivery]] = defaultdict(list)
    for row in lock_deliveries(sent.keys()):
        number = sent[row.ven_id, row.event_id]
        before = -1 if row.delivered_modification is None else row.delivered_modification
        if before < number <= row.modification_number:
            new[number].append(row)
    for number, fresh in new.items():
        for first in range(0, len(fresh), BATCH):
            keys = [row.pk for row in fresh[first : first + BATCH]]
            EventDelivery.objects.filter(pk__in=keys).update(delivered_modification=number, delivered_at=now)
    step = DeliveryStep.DELIVERED
    records = [
        DeliveryRecord(delivery=row, step=step, modification_number=number, at=now)
        for number, fresh in new.items()
        for row in fresh
    ]
    DeliveryRecord.objects.bulk_create(records, batch_size=BATCH)
    return len(records)
