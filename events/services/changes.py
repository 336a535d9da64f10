"""The steps that the services of an event share."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from common.intervals import is_aligned, to_utc
from events.errors import BadSpan, NobodyEnrolled, NoTerms, NotOnIntervals, WrongState
from events.models import Event, EventState, Participation, Program, ProgramVersion
from events.selectors import meters_taking_part, targets_of
from events.signals import event_changed
from events.targets import EVERYBODY, Targets
from meters.models import ExclusionKind, Meter
from meters.selectors import holders_at
from meters.services import exclude, remove_exclusions

BATCH = 500
LONGEST = timedelta(hours=24)


def lock(event: Event, *allowed: EventState, doing: str) -> Event:
    """The event, read again and locked.

    Raises:
        WrongState: It is in none of the allowed states.
    """
    locked = Event.objects.select_for_update().get(pk=event.pk)
    if locked.state not in allowed:
        raise WrongState(_refusals()[doing] % {"state": locked.get_state_display()})
    return locked


def _refusals() -> dict[str, str]:
    return {
        "agreed": _("The event is %(state)s; nobody needs to agree to it."),
        "aimed": _("The event is %(state)s; whom it asks is fixed."),
        "scheduled": _("The event is %(state)s; it cannot be scheduled."),
        "announced": _("The event is %(state)s; it cannot be announced."),
        "moved": _("The event is %(state)s; it cannot be moved."),
        "ended": _("The event is %(state)s; it cannot be ended now."),
        "cancelled": _("The event is %(state)s; it cannot be cancelled."),
        "settled": _("The event is %(state)s; it cannot be settled."),
        "measured": _("The event is %(state)s; it cannot be measured."),
        "closed": _("The event is %(state)s; it cannot be closed."),
    }


def move(event: Event, state: EventState, **fields: Any) -> Event:
    """The locked event, saved in its new state with further fields; the change is counted."""
    event.state = state
    for name, value in fields.items():
        setattr(event, name, value)
    event.modification_number += 1
    event.save(update_fields=["state", "modification_number", *fields])
    return event


def announce_change(event: Event, by: User | None) -> None:
    """Tells higher rooms; the last step of every service."""
    event_changed.send(sender=Event, event=event, by=by)


def check_span(
    program: Program, start: datetime, end: datetime, targets: Targets = EVERYBODY, *, event: Event | None = None
) -> tuple[datetime, datetime]:
    """Start and end in UTC; of an event that has participants they fit those as well, whoever takes part by now.

    Raises:
        NaiveTime: One of them has no zone.
        BadSpan: The end is not after the start, or more than a day later.
        NotOnIntervals: They do not fit whole intervals of the meters that take part.
    """
    start, end = to_utc(start), to_utc(end)
    if end <= start:
        raise BadSpan(_("The end must be after the start."))
    if end - start > LONGEST:
        raise BadSpan(_("An event lasts at most 24 hours."))
    version = event.version if event is not None else None
    meters = meters_taking_part(program=program, at=start, targets=targets, version=version).order_by()
    lengths = set(meters.values_list("interval_minutes", flat=True))
    if event is not None:
        lengths |= set(event.participations.values_list("meter__interval_minutes", flat=True).distinct())
    for minutes in sorted(lengths):
        if not all(is_aligned(moment, minutes, program.zone) for moment in (start, end)):
            words = _("Start and end must fall on the %(minutes)s-minute intervals of the meters that take part.")
            raise NotOnIntervals(words % {"minutes": minutes})
    return start, end


def terms_in_force(program: Program) -> ProgramVersion:
    """The program's newest published version.

    Raises:
        NoTerms: It has none.
    """
    version = program.versions.published().order_by("-number").first()
    if version is None:
        raise NoTerms(_("%(program)s has no terms yet; publish them first.") % {"program": program.name})
    return version


def source_of(event: Event) -> str:
    """How an event signs the exclusions it writes."""
    return f"event {event.pk}"


def invite(event: Event) -> int:
    """How many meters take part in a past event: each enrolled one gets its participation and its exclusion.

    Raises:
        NobodyEnrolled: No meter takes part in the program.
    """
    meters = list(meters_taking_part(program=event.program, at=event.start, targets=targets_of(event)))
    if not meters:
        raise NobodyEnrolled(_("No meter is enrolled in %(program)s yet.") % {"program": event.program.name})
    holders = holders_at(meter_ids=[meter.pk for meter in meters], at=event.start)
    rows = [Participation(event=event, meter=meter, holder_id=holders.get(meter.pk)) for meter in meters]
    Participation.objects.bulk_create(rows, batch_size=BATCH)
    keep_days(event, meters)
    return len(meters)


def keep_days(event: Event, meters: Iterable[Meter], *, end: datetime | None = None) -> None:
    """The event's intervals count as no ordinary use of these meters; up to `end`, or all of them."""
    kind = ExclusionKind.TEST if event.is_test else ExclusionKind.EVENT
    exclude(kind=kind, meters=meters, start=event.start, end=end or event.end, source=source_of(event))


def disagree(draft: Event, by: User | None) -> None:
    """Makes a locked draft that was just changed the work of who changed it: an agreement to it before is void."""
    draft.approved_by, draft.approved_at = None, None
    if by is not None:
        draft.created_by = by
    draft.save(update_fields=["approved_by", "approved_at", "created_by"])


def lock_programs(program: Program) -> Program:
    """The program, with all programs of its distributor locked.

    Two events that are called at once wait for each other, also those of two programs, which may have the same
    meters: counts, budget and overlaps are read behind this lock.
    """
    rows = Program.objects.filter(distributor=program.distributor_id).order_by("pk").select_for_update()
    return next(row for row in rows if row.pk == program.pk)


def free_days(event: Event) -> None:
    """The event's intervals count as ordinary use again."""
    remove_exclusions(source=source_of(event))
