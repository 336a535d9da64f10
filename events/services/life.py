"""The life of an event that is called: made, scheduled, announced, changed, called off."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.errors import AlreadyAnnounced, BadSpan, EventExists
from events.models import Event, EventState, Participation, ParticipationState, Program
from events.notices import Notice, tell_participants
from events.selectors import targets_of
from events.services.changes import announce_change, check_span, free_days, invite, lock, move, terms_in_force
from events.services.targets import write_targets
from events.targets import EVERYBODY, Targets

NOT_ANNOUNCED = (EventState.DRAFT, EventState.SCHEDULED)
NOT_STARTED = (*NOT_ANNOUNCED, EventState.NOTIFIED)


@transaction.atomic
def create_event(
    *, program: Program, start: datetime, end: datetime, targets: Targets = EVERYBODY, by: User | None = None
) -> Event:
    """A draft over [start, end) under the program's terms of now; nobody is told.

    Raises:
        BadSpan: The times make no event, or it would lie in the past.
        NaiveTime: A time has no zone.
        EventExists: The program has an event at this time.
        NoTerms: Nothing says yet what an event pays.
    """
    start, end = check_span(program, start, end, targets)
    if start <= timezone.now():
        raise BadSpan(_("The start must be in the future."))
    # The program's row makes two who create the same event wait for each other.
    locked = Program.objects.select_for_update().get(pk=program.pk)
    _refuse_twin(locked, start, end)
    terms = terms_in_force(locked)
    with deed("event.created", by=by):
        event = Event.objects.create(program=locked, version=terms, start=start, end=end, created_by=by)
        write_targets(event, targets)
    announce_change(event, by)
    return event


@transaction.atomic
def schedule_event(*, event: Event, by: User | None = None) -> Event:
    """The event with its participants fixed and its intervals left out of ordinary use; nobody is told yet.

    Raises:
        WrongState: It is no draft.
        NobodyEnrolled: No meter takes part.
    """
    locked = lock(event, EventState.DRAFT, doing="scheduled")
    with deed("event.scheduled", by=by):
        invite(locked)
        move(locked, EventState.SCHEDULED)
    announce_change(locked, by)
    return locked


@transaction.atomic
def notify_event(*, event: Event, by: User | None = None) -> Event:
    """The event, announced: a notice for everybody behind a participating meter is on its way.

    Raises:
        WrongState: It is not scheduled.
        BadSpan: It has started.
    """
    locked = lock(event, EventState.SCHEDULED, doing="announced")
    now = timezone.now()
    if locked.start <= now:
        raise BadSpan(_("The event has started; it is too late to announce it."))
    with deed("event.announced", by=by):
        move(locked, EventState.NOTIFIED, notified_at=now)
    invited = Participation.objects.filter(event=locked, state=ParticipationState.INVITED)
    invited.update(state=ParticipationState.NOTIFIED)
    tell_participants(event=locked, notice=Notice.ANNOUNCED)
    announce_change(locked, by)
    return locked


@transaction.atomic
def change_event(*, event: Event, start: datetime, end: datetime, by: User | None = None) -> Event:
    """The event at its new time. Answers stay, until somebody changes them; whoever was told is told again.

    Raises:
        WrongState: It has started or was cancelled.
        BadSpan, NaiveTime, EventExists: as in `create_event`.
    """
    program = Program.objects.select_for_update().get(pk=event.program_id)
    locked = lock(event, *NOT_STARTED, doing="moved")
    start, end = check_span(program, start, end, targets_of(locked))
    if start <= timezone.now():
        raise BadSpan(_("The start must be in the future."))
    if (start, end) == (locked.start, locked.end):
        return locked
    _refuse_twin(program, start, end)
    with deed("event.changed", by=by):
        move(locked, EventState(locked.state), start=start, end=end)
    if locked.state != EventState.DRAFT:
        free_days(locked)
        invite(locked)
    if locked.state == EventState.NOTIFIED:
        late = Participation.objects.filter(event=locked, state=ParticipationState.INVITED)
        late.update(state=ParticipationState.NOTIFIED)
        tell_participants(event=locked, notice=Notice.CHANGED)
    announce_change(locked, by)
    return locked


@transaction.atomic
def cancel_event(*, event: Event, by: User | None = None) -> Event:
    """The event, called off; its intervals count as ordinary use again, and whoever was told is told.

    Raises:
        WrongState: It is over or cancelled already.
    """
    locked = lock(event, *NOT_STARTED, EventState.ACTIVE, doing="cancelled")
    with deed("event.cancelled", by=by):
        move(locked, EventState.CANCELLED)
    free_days(locked)
    if locked.notified_at is not None:
        tell_participants(event=locked, notice=Notice.CANCELLED)
    announce_change(locked, by)
    return locked


@transaction.atomic
def delete_event(*, event: Event, by: User | None = None) -> None:
    """Removes an event nobody was told of, and all that it wrote.

    Raises:
        AlreadyAnnounced: People know of it.
    """
    locked = Event.objects.select_for_update().get(pk=event.pk)
    if locked.state not in NOT_ANNOUNCED:
        raise AlreadyAnnounced(_("The event was announced, so it cannot be deleted. Cancel it instead."))
    free_days(locked)
    with deed("event.deleted", by=by):
        locked.delete()


def _refuse_twin(program: Program, start: datetime, end: datetime) -> None:
    if Event.objects.filter(program=program, start=start, end=end).exists():
        raise EventExists(_("%(program)s has an event at this time already.") % {"program": program.name})
