"""The end of an event's life: nothing of it changes any more."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.audit import deed
from events.models import Event, EventState
from events.services.changes import announce_change, lock, move

OF_TESTS = (EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED)


@transaction.atomic
def close_event(*, event: Event, now: datetime | None = None) -> Event:
    """The event, closed: it is neither settled nor opened again. A test, for which nothing is paid, once it has ended.

    Whether somebody may still object, or a correction waits, the caller knows.

    Raises:
        WrongState: It is not settled, or closed already.
    """
    allowed = OF_TESTS if event.is_test else (EventState.SETTLED,)
    locked = lock(event, *allowed, doing="closed")
    with deed("event.closed"):
        move(locked, EventState.CLOSED, closed_at=now or timezone.now())
    announce_change(locked, None)
    return locked
