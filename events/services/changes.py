"""The steps that the services of an event share."""

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
from meters.models import ExclusionKind
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
        "aimed": _("The event is %(state)s; whom it asks is fixed."),
        "scheduled": _("The event is %(state)s; it cannot be scheduled."),
        "announced": _("The event is %(state)s; it cannot be announced."),
        "moved": _("The event is %(state)s; it cannot be moved."),
        "cancelled": _("The event is %(state)s; it cannot be cancelled."),
        "settled": _("The event is %(state)s; it cannot be settled."),
        "measured": _("The event is %(state)s; it cannot be measured."),
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
    program: Program, start: datetime, end: datetime, targets: Targets = EVERYBODY
) -> tuple[datetime, datetime]:
    """Start and end in UTC.

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
    meters = meters_taking_part(program=program, at=start, targets=targets).order_by()
    for minutes in sorted(set(meters.values_list("interval_minutes", flat=True))):
        if not all(is_aligned(moment, minutes, program.zone) for moment in (start, end)):
            words = _("Start and end must fall on the %(minutes)s-minute intervals of the meters that take part.")
            raise NotOnIntervals(words % {"minutes": minutes})
    return start, end


def terms_in_force(program: Program) -> ProgramVersion:
    """The program's newest version.

    Raises:
        NoTerms: It has none.
    """
    version = program.versions.order_by("-number").first()
    if version is None:
        raise NoTerms(_("%(program)s has no terms yet; publish them first.") % {"program": program.name})
    return version


def source_of(event: Event) -> str:
    """How an event signs the exclusions it writes."""
    return f"event {event.pk}"


def invite(event: Event) -> int:
    """How many meters take part: each enrolled one that is asked gets its participation and its exclusion.

    Whoever is invited already keeps the answer; the holder becomes the one at the event's start.

    Raises:
        NobodyEnrolled: No meter takes part in the program.
    """
    targets = targets_of(event)
    meters = list(meters_taking_part(program=event.program, at=event.start, targets=targets))
    if not meters:
        raise NobodyEnrolled(_nobody(targets) % {"program": event.program.name})
    holders = holders_at(meter_ids=[meter.pk for meter in meters], at=event.start)
    known = {row.meter_id: row for row in event.participations.all()}
    new = [
        Participation(event=event, meter=meter, holder_id=holders.get(meter.pk))
        for meter in meters
        if meter.pk not in known
    ]
    Participation.objects.bulk_create(new, batch_size=BATCH)
    _change_holders(known, holders)
    exclude(kind=ExclusionKind.EVENT, meters=meters, start=event.start, end=event.end, source=source_of(event))
    return len(meters)


def _nobody(targets: Targets) -> str:
    if targets:
        return _("None of those whom the event asks is enrolled in %(program)s.")
    return _("No meter is enrolled in %(program)s yet.")


def _change_holders(known: dict[int, Participation], holders: dict[int, int]) -> None:
    moved = [row for meter_id, row in known.items() if row.holder_id != holders.get(meter_id)]
    for row in moved:
        row.holder_id = holders.get(row.meter_id)
    Participation.objects.bulk_update(moved, ["holder"], batch_size=BATCH)


def free_days(event: Event) -> None:
    """The event's intervals count as ordinary use again."""
    remove_exclusions(source=source_of(event))
