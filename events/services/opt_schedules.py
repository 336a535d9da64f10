"""Standing wishes: kept, taken back, and asked when an event is scheduled."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import Entity, User
from events.errors import BadWish
from events.models import Event, OptSchedule, Program
from events.wishes import local_spans, meets
from meters.models import Meter
from meters.selectors import holders_at

BATCH = 500
EVERY_DAY = "0123456"
MOST = 20


def skipped_by_schedule(*, event: Event, holders: Mapping[int, int | None]) -> dict[int, OptSchedule]:
    """Meter id -> the standing wish by which it skips the event.

    Only the wishes of who has the meter count, so nobody inherits the wish of who moved out.

    Args:
        holders: meter id -> who has the meter when the event starts.
    """
    spans = local_spans(event.start, event.end, event.program.zone)
    found: dict[int, OptSchedule] = {}
    ids = sorted(holders)
    for first in range(0, len(ids), BATCH):
        lasting = OptSchedule.objects.lasting().filter(meter__in=ids[first : first + BATCH])
        for wish in lasting.order_by("id"):
            is_asked = wish.program_id in (None, event.program_id) and wish.holder_id == holders[wish.meter_id]
            if is_asked and wish.meter_id not in found and meets(wish, spans):
                found[wish.meter_id] = wish
    return found


@transaction.atomic
def add_opt_schedule(
    *,
    meter: Meter,
    holder: Entity,
    program: Program | None = None,
    weekdays: str = EVERY_DAY,
    hours: tuple[time, time] | None = None,
    days: tuple[date | None, date | None] = (None, None),
    by: User | None = None,
) -> OptSchedule:
    """The wish, in force for events scheduled from now on; the same wish that lasts already is kept as it is.

    Args:
        weekdays: digits, Monday 0 to Sunday 6.
        hours: from and until by the local clock; `wishes.MIDNIGHT` for the end of the day.
        days: the first and the last day, both included.

    Raises:
        BadWish: It would never apply, the holder does not have the meter, or there are too many.
    """
    said = "".join(sorted(set(weekdays)))
    _check(said, hours, days)
    # The holder's row makes two wishes at once wait for each other.
    Entity.objects.select_for_update().get(pk=holder.pk)
    if holders_at(meter_ids=[meter.pk], at=timezone.now()).get(meter.pk) != holder.pk:
        raise BadWish(_("This meter is not yours any more."))
    start, end = hours or (None, None)
    wish: dict[str, Any] = {"program": program, "weekdays": said, "hours_from": start, "hours_to": end}
    wish |= {"first_day": days[0], "last_day": days[1]}
    lasting = list(OptSchedule.objects.lasting().filter(meter=meter, holder=holder))
    known = next((row for row in lasting if all(getattr(row, name) == value for name, value in wish.items())), None)
    if known is not None:
        return known
    if len(lasting) >= MOST:
        raise BadWish(_("There are %(count)d wishes for this meter already; take one back first.") % {"count": MOST})
    with deed("wish.added", by=by):
        return OptSchedule.objects.create(meter=meter, holder=holder, created_by=by, **wish)


@transaction.atomic
def end_opt_schedule(*, schedule: OptSchedule, by: User | None = None) -> OptSchedule:
    """The wish, taken back; what was skipped by it stays so until somebody joins."""
    locked = OptSchedule.objects.select_for_update().get(pk=schedule.pk)
    if locked.ended_at is None:
        locked.ended_at = timezone.now()
        with deed("wish.ended", by=by):
            locked.save(update_fields=["ended_at"])
    return locked


def _check(weekdays: str, hours: tuple[time, time] | None, days: tuple[date | None, date | None]) -> None:
    if not weekdays or set(weekdays) - set(EVERY_DAY):
        raise BadWish(_("Choose at least one day of the week."))
    if hours is not None and hours[1] <= hours[0]:
        words = _("The end must be after the start. For a night, make one wish until midnight and one from midnight.")
        raise BadWish(words)
    first, last = days
    if first is not None and last is not None and last < first:
        raise BadWish(_("The last day must not be before the first."))
