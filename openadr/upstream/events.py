"""What a VTN says of its events, stored as it says it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from openadr.models import Upstream, UpstreamEvent
from openadr.upstream.reading import Called

# An event without an end stands in the calendar for a day; nothing is called for it.
OPEN = timedelta(days=1)
CANCELLED, COMPLETED = "cancelled", "completed"


@transaction.atomic
def absorb(upstream: Upstream, events: Sequence[Called], *, request_id: str, now: datetime | None = None) -> None:
    """Stores what one oadrDistributeEvent says: new, changed and cancelled events, and those that it leaves out.

    An event that is omitted from a message that carries others is called off, as the standard says. A message
    without any says nothing of those before.
    """
    now = now or timezone.now()
    # The row makes two messages wait for each other.
    Upstream.objects.select_for_update().get(pk=upstream.pk)
    known = {row.event_ref: row for row in UpstreamEvent.objects.filter(upstream=upstream)}
    for event in {each.ref: each for each in events}.values():
        row = known.get(event.ref)
        if row is None:
            _written(UpstreamEvent(upstream=upstream, event_ref=event.ref, received_at=now), event, request_id, now)
        elif event.modification >= row.modification_number:
            _updated(row, event, request_id, now)
    if events:
        _leave_out(upstream, {event.ref for event in events}, now)


def _updated(row: UpstreamEvent, event: Called, request_id: str, now: datetime) -> None:
    is_changed = event.modification > row.modification_number or _is_off(event.status) != _is_off(row.status)
    if is_changed:
        _written(row, event, request_id, now)
        return
    # It says the same again: it did not hear our answer, or wants another.
    row.status, row.request_id = event.status, request_id
    row.answered_modification, row.answered_opt = None, ""
    row.save(update_fields=["status", "request_id", "answered_modification", "answered_opt"])


def _is_off(status: str) -> bool:
    return status == CANCELLED


def _written(row: UpstreamEvent, event: Called, request_id: str, now: datetime) -> None:
    row.modification_number, row.status = event.modification, event.status
    row.start, row.end = event.start, event.end or event.start + OPEN
    row.level, row.is_test, row.wants_answer = event.level, event.is_test, event.wants_answer
    row.payload = {
        **event.details,
        "asks": event.asks,
        "is_open": event.end is None,
        "target_kw": str(event.target_kw) if event.target_kw is not None else None,
    }
    row.request_id, row.changed_at = request_id, now
    row.applied_modification = row.answered_modification = None
    row.answered_opt = ""
    row.save()


def _leave_out(upstream: Upstream, named: set[str], now: datetime) -> None:
    rows = UpstreamEvent.objects.filter(upstream=upstream, end__gt=now).exclude(status__in=[CANCELLED, COMPLETED])
    gone = [row.pk for row in rows if row.event_ref not in named]
    # Nobody waits for an answer to what is not said any more.
    UpstreamEvent.objects.filter(pk__in=gone).update(
        status=CANCELLED, applied_modification=None, wants_answer=False, changed_at=now
    )


def undecided(upstream: Upstream, now: datetime) -> list[int]:
    """Keys of the events of which something is to be decided (again), oldest first.

    New and changed ones; those whose draft was changed or deleted since, or began before anybody scheduled it.
    """
    new = Q(applied_modification__isnull=True) | ~Q(applied_modification=F("modification_number"))
    was_in = Q(opt="optIn") & ~Q(status=CANCELLED)
    deleted = was_in & Q(event__isnull=True, taken_at__isnull=False, end__gt=now)
    missed = was_in & Q(event__state="draft", event__start__lte=now)
    rows = UpstreamEvent.objects.filter(new | Q(is_stale=True) | deleted | missed, upstream=upstream)
    return list(rows.order_by("start", "pk").values_list("pk", flat=True))
