"""What a VTN says of its events, stored as it says it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from openadr.models import Upstream, UpstreamEvent
from openadr.upstream.reading import Called, Told

# An event without an end stands in the calendar for a day; nothing is called for it.
OPEN = timedelta(days=1)
CANCELLED, COMPLETED = "cancelled", "completed"
# No VTN fills the table: so many may be to come, and so many new ones are taken in a day.
MOST_OPEN = 200
MOST_A_DAY = 500
DAY = timedelta(days=1)
# So long after its end an event is forgotten.
KEPT = timedelta(days=365)


class Absorbed(NamedTuple):
    """What became of one message: whether it said anything new, and of how many new events it said too many."""

    is_news: bool
    too_many: int


@transaction.atomic
def absorb(upstream: Upstream, told: Told, *, request_id: str, now: datetime | None = None) -> Absorbed:
    """Stores what one oadrDistributeEvent says: new, changed and cancelled events, and those that it leaves out.

    An event that is omitted from a message that carries others is called off, as the standard says. A message
    without any says nothing of those before. An event that cannot be read stays as it was.
    """
    now = now or timezone.now()
    # The row makes two messages wait for each other.
    Upstream.objects.select_for_update().get(pk=upstream.pk)
    events = {each.ref: each for each in told.events}
    rows = UpstreamEvent.objects.filter(upstream=upstream, event_ref__in=events)
    known = {row.event_ref: row for row in rows}
    news = [
        _updated(known[ref], event, request_id, now)
        for ref, event in events.items()
        if ref in known and event.modification >= known[ref].modification_number
    ]
    if events:
        news.append(_leave_out(upstream, {*events, *told.unread}, now))
    new = [event for ref, event in events.items() if ref not in known]
    taken = new[: _room(upstream, now)] if new else new
    for event in taken:
        _written(UpstreamEvent(upstream=upstream, event_ref=event.ref, received_at=now), event, request_id, now)
    return Absorbed(bool(taken) or any(news), len(new) - len(taken))


def _room(upstream: Upstream, now: datetime) -> int:
    """How many new events of the VTN are taken now."""
    rows = UpstreamEvent.objects.filter(upstream=upstream)
    of_today = rows.filter(received_at__gt=now - DAY).count()
    return max(min(MOST_OPEN - _open(upstream, now).count(), MOST_A_DAY - of_today), 0)


def _open(upstream: Upstream, now: datetime) -> QuerySet[UpstreamEvent]:
    rows = UpstreamEvent.objects.filter(upstream=upstream, end__gt=now)
    return rows.exclude(status__in=[CANCELLED, COMPLETED])


def _updated(row: UpstreamEvent, event: Called, request_id: str, now: datetime) -> bool:
    """Whether that was news."""
    is_changed = event.modification > row.modification_number or _is_off(event.status) != _is_off(row.status)
    if is_changed:
        _written(row, event, request_id, now)
        return True
    # It says the same again: it did not hear our answer, or wants another.
    row.status, row.request_id = event.status, request_id
    row.answered_modification, row.answered_opt = None, ""
    row.save(update_fields=["status", "request_id", "answered_modification", "answered_opt"])
    return False


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


def _leave_out(upstream: Upstream, named: Collection[str], now: datetime) -> bool:
    """Whether anything was left out."""
    gone = [row.pk for row in _open(upstream, now) if row.event_ref not in named]
    # Nobody waits for an answer to what is not said any more.
    UpstreamEvent.objects.filter(pk__in=gone).update(
        status=CANCELLED, applied_modification=None, wants_answer=False, changed_at=now
    )
    return bool(gone)


def sweep_events(now: datetime | None = None) -> int:
    """How many events were forgotten: those that ended a year ago; what they became here stays."""
    now = now or timezone.now()
    return UpstreamEvent.objects.filter(end__lt=now - KEPT).delete()[0]


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
