"""Starting a prepared event at once."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.intervals import is_aligned
from common.retry import retried
from events.models import Event, EventState
from events.selectors import meters_taking_part, targets_of
from events.services.changes import lock, lock_programs
from events.services.life import change_event, notify_event, schedule_event

MINUTE = timedelta(minutes=1)
# Nearer than this nobody, and no device, would hear of it before it begins.
AHEAD = timedelta(seconds=20)


@retried
@transaction.atomic
def start_now(*, event: Event, by: User | None = None) -> Event:
    """The prepared event, announced: it begins with the next full interval of its meters, and is as long as it was.

    Either all of it is done, or nothing: it stays prepared for its own time.

    Raises:
        WrongState: It was announced already, or called off.
        EventError: As `change_event`, `schedule_event` and `notify_event` refuse; an event so large that a second
            person must agree is not started by one.
    """
    lock_programs(event.program)
    locked = lock(event, EventState.DRAFT, EventState.SCHEDULED, doing="announced")
    start = _next_start(locked, timezone.now() + AHEAD)
    moved = change_event(event=locked, start=start, end=start + (locked.end - locked.start), by=by)
    scheduled = schedule_event(event=moved, by=by) if moved.state == EventState.DRAFT else moved
    return notify_event(event=scheduled, by=by)


def _next_start(event: Event, after: datetime) -> datetime:
    """The first moment from then on at which an interval begins for all of its meters; a full minute at least."""
    asked = meters_taking_part(
        program=event.program, at=after, targets=targets_of(event), version=event.version
    ).order_by()
    lengths = set(asked.values_list("interval_minutes", flat=True))
    lengths |= set(event.participations.values_list("meter__interval_minutes", flat=True).distinct())
    moment = after.replace(second=0, microsecond=0)
    moment += MINUTE if moment < after else timedelta(0)
    while not all(is_aligned(moment, minutes, event.program.zone) for minutes in lengths):
        moment += MINUTE
    return moment
