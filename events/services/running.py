"""The end of a running event: sooner, at once, or later for whom it may be later."""

from datetime import datetime, timedelta
from math import lcm

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import Kind, User
from common.retry import retried
from common.speech import hour_words
from events.answers import TO_SAY, longer_until
from events.errors import EventExists, NothingToMeasure, TooLate, WrongState
from events.models import Event, EventState, OptPolicy, Participation, Program
from events.models.participation import NOT_COUNTED
from events.notices import Notice, tell_participants
from events.services.changes import announce_change, free_days, keep_days, lock, lock_programs, move
from events.services.seated import seated_size
from events.services.seats import asked_meters
from events.signals import opt_recorded

MINUTE = timedelta(minutes=1)


@retried
@transaction.atomic
def end_now(*, event: Event, by: User | None = None) -> Event:
    """The running event, ended with the next full interval of its meters; what was saved until then counts.

    Whoever was told is told of the new end. It ends by the clock then, and is measured and paid like any other.

    Raises:
        WrongState: It is not running, or ends by then anyway.
        NothingToMeasure: Not even one full interval has passed.
        EventExists: The program had an event at exactly that time.
    """
    lock_programs(event.program)
    locked = lock(event, EventState.ACTIVE, doing="ended")
    end = _next_end(locked, timezone.now())
    if end >= locked.end:
        hour = hour_words(locked.end.astimezone(locked.program.zone), minutes=True)
        raise WrongState(_("The event ends at %(end)s anyway.") % {"end": hour})
    refuse_twin(locked.program, locked.start, end)
    with deed("event.ended_early", by=by):
        _shorten(locked, end)
    tell_participants(event=locked, notice=Notice.CHANGED)
    announce_change(locked, by)
    return locked


def _next_end(event: Event, now: datetime) -> datetime:
    """The next moment at which an interval ends for all of its meters."""
    lengths = Participation.objects.filter(event=event).order_by().values_list("meter__interval_minutes", flat=True)
    step = lcm(*lengths.distinct()) * MINUTE
    if now < event.start + step:
        words = _("Not even one interval of %(minutes)d minutes has passed, so nothing was measured yet.")
        raise NothingToMeasure(words % {"minutes": step // MINUTE})
    return event.start - (event.start - now) // step * step


def move_end(event: Event, end: datetime, by: User | None) -> None:
    """Saves the locked running event with another end; a later one is kept to what the terms allow.

    Raises:
        LimitReached, MetersTaken: The terms do not allow the later end, or its meters are asked elsewhere then.
    """
    if end <= event.end:
        with deed("event.changed", by=by):
            _shorten(event, end)
        tell_participants(event=event, notice=Notice.CHANGED)
        return
    told, event.end = event.end, end
    size = seated_size(event)
    if size.refusals:
        raise size.refusals[0]
    with deed("event.extended", by=by):
        _keep_told_end(event, told, timezone.now())
        move(event, EventState.ACTIVE, end=end, told_end=event.told_end, **size.columns())
        _keep_end_days(event)
    tell_participants(event=event, notice=Notice.EXTENDED)


def _shorten(event: Event, end: datetime) -> None:
    told = event.told_end if event.told_end is not None and event.told_end < end else None
    event.end = end
    move(event, EventState.ACTIVE, end=end, told_end=told, **seated_size(event).columns())
    # Who stops earlier goes on stopping: an end that is moved back and forth makes nobody go on unasked.
    Participation.objects.filter(event=event, until__gt=end).update(until=end)
    _keep_end_days(event)


def _keep_end_days(event: Event) -> None:
    free_days(event)
    keep_days(event, asked_meters(event))


def _keep_told_end(event: Event, told: datetime, now: datetime) -> None:
    """Whom the added time counts for only if they say so stops at the end that was told; nobody has agreed to more.

    While people have time to say that they stop at an end that was told before, that end stays the one that they may
    stop at.
    """
    until = longer_until(event)
    if until is None or until - now < TO_SAY:
        event.told_end = told
    _must_agree(event).filter(until=None).update(until=told)


def _must_agree(event: Event) -> QuerySet[Participation]:
    """Those whose silence is no yes: everybody where only who joins takes part, else who may owe a penalty."""
    rows = Participation.objects.filter(event=event).exclude(state__in=NOT_COUNTED)
    if event.version.opt_policy == OptPolicy.OPT_IN:
        return rows
    return rows.filter(holder__kind=Kind.ORGANIZATION) if event.version.penalty_per_kw else rows.none()


@retried
@transaction.atomic
def go_on(*, participation: Participation, at: datetime | None = None, by: User | None = None) -> Participation:
    """The participation, counted to the event's later end.

    Raises:
        TooLate: The time to say so is over.
        WrongState: The event was not made longer while it ran, or the meter does not take part.
    """
    return _until(participation, None, at, by)


@retried
@transaction.atomic
def stop_as_told(*, participation: Participation, at: datetime | None = None, by: User | None = None) -> Participation:
    """The participation, counted to the end that was told first only.

    Raises:
        TooLate: The time to say so is over.
        WrongState: The event was not made longer while it ran, or the meter does not take part.
    """
    event = Event.objects.select_for_update().get(pk=participation.event_id)
    return _until(participation, event.told_end, at, by)


def _until(row: Participation, until: datetime | None, at: datetime | None, by: User | None) -> Participation:
    event = Event.objects.select_for_update().get(pk=row.event_id)
    locked = Participation.objects.select_for_update().get(pk=row.pk)
    if event.told_end is None or event.state == EventState.CANCELLED or locked.state in NOT_COUNTED:
        raise WrongState(_("The event was not made longer, or the meter does not take part in it."))
    latest = longer_until(event, locked)
    if event.state != EventState.ACTIVE or latest is None or (at or timezone.now()) >= latest:
        raise TooLate(_("The time to say so is over; what you said last counts."))
    if until is not None and locked.until is not None:
        until = min(until, locked.until)
    if locked.until != until:
        locked.until = until
        with deed("event.answered_longer", by=by):
            locked.save(update_fields=["until"])
        opt_recorded.send(sender=Participation, participation=locked, at=at or timezone.now())
    row.until = until
    return locked


def refuse_twin(program: Program, start: datetime, end: datetime) -> None:
    """Refuses a second event of the program at exactly this time.

    Raises:
        EventExists: There is one.
    """
    if Event.objects.filter(program=program, start=start, end=end).exists():
        raise EventExists(_("%(program)s has an event at this time already.") % {"program": program.name})
