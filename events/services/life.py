"""The life of an event that is called: made, scheduled, announced, changed, deleted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.retry import retried
from common.speech import plain_words
from events.draw import new_seed
from events.errors import AlreadyAnnounced, BadSpan, EventError, NeedsSecond, TooLittleNotice
from events.limits import notice_refusal
from events.models import Event, EventState, Participation, ParticipationState, Program
from events.notices import Notice, tell_participants
from events.selectors import targets_of
from events.services.allowance import require_calling, span_of
from events.services.changes import (
    announce_change,
    check_span,
    disagree,
    free_days,
    lock,
    lock_programs,
    move,
    terms_in_force,
)
from events.services.hearing import hear_others
from events.services.reseating import move_seats, want
from events.services.running import move_end, refuse_twin
from events.services.seated import seated_size
from events.services.seats import draw_of, hear_wishes, seat
from events.services.sizing import Size, draft_size, expected_of, size_of
from events.services.targets import write_targets
from events.targets import EVERYBODY, Targets

NOT_ANNOUNCED = (EventState.DRAFT, EventState.SCHEDULED)
NOT_STARTED = (*NOT_ANNOUNCED, EventState.NOTIFIED)


@dataclass(frozen=True)
class Words:
    """What a draft says beside its time: words for those who are asked, a goal, and whether it is only a test."""

    note: str = ""
    target_kw: Decimal | None = None
    is_test: bool = False


@retried
@transaction.atomic
def create_event(
    *,
    program: Program,
    start: datetime,
    end: datetime,
    targets: Targets = EVERYBODY,
    words: Words | None = None,
    by: User | None = None,
) -> Event:
    """A draft over [start, end) under the program's terms of now; nobody is told.

    Raises:
        BadSpan: The times make no event, or it would lie in the past.
        NaiveTime: A time has no zone.
        EventExists: The program has an event at this time.
        NoTerms: Nothing says yet what an event pays.
        ProgramClosed: A closed program calls no events.
    """
    start, end = _coming_span(program, start, end, targets)
    # The program's row makes two who create the same event wait for each other.
    locked = Program.objects.select_for_update().get(pk=program.pk)
    require_calling(locked)
    refuse_twin(locked, start, end)
    terms = terms_in_force(locked)
    said = words or Words()
    with deed("event.created", by=by):
        event = Event.objects.create(
            program=locked, version=terms, start=start, end=end, created_by=by,
            note=said.note, target_kw=said.target_kw, is_test=said.is_test,
        )  # fmt: skip
        write_targets(event, targets)
        note_size(event, size_of(event=event, targets=targets))
    announce_change(event, by)
    return event


@retried
@transaction.atomic
def edit_draft(
    *,
    event: Event,
    start: datetime,
    end: datetime,
    targets: Targets = EVERYBODY,
    words: Words | None = None,
    by: User | None = None,
) -> Event:
    """The draft as it is written now, under the terms of now; an agreement to it before is void.

    Raises:
        WrongState: It is no draft any more.
        BadSpan, NaiveTime, EventExists: as in `create_event`.
    """
    program = Program.objects.select_for_update().get(pk=event.program_id)
    locked = lock(event, EventState.DRAFT, doing="moved")
    start, end = _coming_span(program, start, end, targets)
    is_moved = (start, end) != (locked.start, locked.end)
    if is_moved:
        refuse_twin(program, start, end)
    said = words or Words()
    with deed("event.changed", by=by):
        locked.version = terms_in_force(program)
        locked.note, locked.target_kw, locked.is_test = said.note, said.target_kw, said.is_test
        locked.save(update_fields=["version", "note", "target_kw", "is_test"])
        if is_moved:
            move(locked, EventState.DRAFT, start=start, end=end)
        write_targets(locked, targets)
        disagree(locked, by)
        note_size(locked, draft_size(locked))
    announce_change(locked, by)
    return locked


def schedule_event(*, event: Event, by: User | None = None) -> Event:
    """The event with its participants fixed and its intervals left out of ordinary use; nobody is told yet.

    Homes are held out at random as the terms say, standing wishes are heard, and the budget keeps aside what the
    event may cost.

    Raises:
        WrongState: It is no draft.
        NobodyEnrolled: No meter takes part.
        LimitReached, MetersTaken: The terms do not allow it, or its meters are asked elsewhere at that time.
        NeedsSecond: Somebody else must agree first.
        ProgramClosed: A closed program calls no events.
    """
    done = _schedule(event, by)
    if isinstance(done, EventError):
        raise done
    return done


@retried
@transaction.atomic
def _schedule(event: Event, by: User | None) -> Event | EventError:
    """The event, or what stands against it: the draft as it is sized now then lasts, and its page says the rest."""
    require_calling(lock_programs(event.program))
    locked = lock(event, EventState.DRAFT, doing="scheduled")
    size = _sized_now(locked)
    if size.refusals:
        return size.refusals[0]
    if size.needs_second and not is_agreed(locked):
        return NeedsSecond(_second_words(size.expected_kw))
    locked.draw_seed = new_seed()
    drawn = draw_of(locked, size)
    with deed("event.scheduled", by=by):
        seat(locked, size, drawn)
        move(
            locked, EventState.SCHEDULED, draw_seed=locked.draw_seed, needs_second=size.needs_second,
            expected_kw=expected_of(size, drawn), reserved=size.reserved, opt_until=_opt_until(locked),
        )  # fmt: skip
    announce_change(locked, by)
    return locked


def _sized_now(draft: Event) -> Size:
    """The locked draft's figures under the terms of now; under new terms an agreement to it is void."""
    newest = terms_in_force(draft.program)
    if draft.version_id != newest.pk:
        with deed("event.changed"):
            draft.version = newest
            draft.save(update_fields=["version"])
            disagree(draft, None)
    size = draft_size(draft)
    with deed("event.changed"):
        note_size(draft, size)
    return size


def is_agreed(event: Event) -> bool:
    """Whether somebody else than who wrote the draft has agreed to it."""
    return event.approved_by_id is not None and event.approved_by_id != event.created_by_id


@retried
@transaction.atomic
def approve_event(*, event: Event, by: User) -> Event:
    """The draft with a second person's agreement; whether they may is the caller's `managed_by`.

    Raises:
        WrongState: It is no draft.
        NeedsSecond: Who wrote the draft cannot agree to it.
    """
    locked = lock(event, EventState.DRAFT, doing="agreed")
    if locked.created_by_id == by.pk:
        raise NeedsSecond(_("Somebody else than who wrote the draft must agree to it."))
    with deed("event.agreed", by=by):
        locked.approved_by, locked.approved_at = by, timezone.now()
        locked.save(update_fields=["approved_by", "approved_at"])
    announce_change(locked, by)
    return locked


@retried
@transaction.atomic
def notify_event(*, event: Event, by: User | None = None) -> Event:
    """The event, announced: a notice for everybody behind a participating meter is on its way.

    Standing wishes that came since it was scheduled are heard, and devices that said beforehand that they skip it: of
    what their device skips people are not told.

    Raises:
        WrongState: It is not scheduled.
        BadSpan: It has started.
        TooLittleNotice: The terms promise to tell people earlier.
        ProgramClosed: The program was closed since.
    """
    require_calling(Program.objects.select_for_update().get(pk=event.program_id))
    locked = lock(event, EventState.SCHEDULED, doing="announced")
    now = timezone.now()
    if locked.start <= now:
        raise BadSpan(_("The event has started; it is too late to announce it."))
    late = notice_refusal(locked.version, span_of(locked), now)
    if late:
        raise TooLittleNotice(late)
    with deed("event.announced", by=by):
        figures = seated_size(locked).columns() if hear_wishes(locked) else {}
        move(locked, EventState.NOTIFIED, notified_at=now, opt_until=_opt_until(locked, now), **figures)
        hear_others(locked)
    invited = Participation.objects.filter(event=locked, state=ParticipationState.INVITED)
    invited.update(state=ParticipationState.NOTIFIED)
    tell_participants(event=locked, notice=Notice.ANNOUNCED)
    announce_change(locked, by)
    return locked


def change_event(*, event: Event, start: datetime, end: datetime, by: User | None = None) -> Event:
    """The event at its new time. Answers stay, until somebody changes them; whoever was told is told again.

    Of a running event only the end moves; a later one counts for whom `events.services.running` says.

    Raises:
        WrongState: It is over or was cancelled.
        BadSpan, NaiveTime, EventExists: as in `create_event`.
        LimitReached, MetersTaken: The terms do not allow the new time, or its meters are asked elsewhere then.
        NeedsSecond: More meters would be asked, beyond what one person may call: somebody else must ask for the same.
    """
    done = _change(event, start, end, by)
    if isinstance(done, EventError):
        raise done
    return done


@retried
@transaction.atomic
def _change(event: Event, start: datetime, end: datetime, by: User | None) -> Event | EventError:
    """The event, or that it needs a second person: what was asked for then lasts, until somebody else asks for it."""
    program = lock_programs(event.program)
    locked = lock(event, *NOT_STARTED, EventState.ACTIVE, doing="moved")
    start, end = check_span(program, start, end, targets_of(locked), event=locked)
    if (start, end) == (locked.start, locked.end):
        return locked
    _check_new_time(locked, start, end)
    refuse_twin(program, start, end)
    if locked.state == EventState.ACTIVE:
        move_end(locked, end, by)
        announce_change(locked, by)
        return locked
    locked.start, locked.end = start, end
    try:
        with transaction.atomic(), deed("event.changed", by=by):
            _move(locked, draft_size(locked), by)
    except NeedsSecond as refusal:
        want(locked, by, str(refusal))
        return refusal
    if locked.notified_at is not None:
        with deed("event.changed", by=by):
            hear_others(locked)
        late = Participation.objects.filter(event=locked, state=ParticipationState.INVITED)
        late.update(state=ParticipationState.NOTIFIED)
        tell_participants(event=locked, notice=Notice.CHANGED)
    announce_change(locked, by)
    return locked


def _check_new_time(event: Event, start: datetime, end: datetime) -> None:
    now = timezone.now()
    if event.state != EventState.ACTIVE:
        if start <= now:
            raise BadSpan(_("The start must be in the future."))
    elif start != event.start:
        raise BadSpan(_("The event is running; only its end can be moved."))
    elif end <= now:
        raise BadSpan(_("The new end must be in the future."))


def _move(event: Event, size: Size, by: User | None) -> None:
    """Saves the locked event at the time it has in memory.

    Raises:
        EventError: Something stands against it.
    """
    if event.state == EventState.DRAFT:
        move(event, EventState.DRAFT, start=event.start, end=event.end)
        disagree(event, by)
        note_size(event, size)
        return
    if not size.meters and size.refusals:
        raise size.refusals[0]
    until = _opt_until(event, timezone.now())
    move_seats(event, size, by, opt_until=until)


@retried
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


def _coming_span(program: Program, start: datetime, end: datetime, targets: Targets) -> tuple[datetime, datetime]:
    start, end = check_span(program, start, end, targets)
    if start <= timezone.now():
        raise BadSpan(_("The start must be in the future."))
    return start, end


def note_size(draft: Event, size: Size) -> None:
    """Keeps what the preview says on the draft: how much is expected, and whether a second person must agree."""
    if (draft.expected_kw, draft.needs_second) == (size.expected_kw, size.needs_second):
        return
    draft.expected_kw, draft.needs_second = size.expected_kw, size.needs_second
    draft.save(update_fields=["expected_kw", "needs_second"])


def _opt_until(event: Event, now: datetime | None = None) -> datetime:
    """Until when people may answer: the stated minute, or the start where that minute was over before they knew."""
    stated = event.start - timedelta(minutes=event.version.opt_out_minutes)
    return event.start if now is not None and stated <= now else stated


def _second_words(expected_kw: Decimal) -> str:
    words = _("An event of this size (%(kw)s kW) needs a second person: another admin must agree first.")
    return words % {"kw": plain_words(expected_kw)}
