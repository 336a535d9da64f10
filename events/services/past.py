"""What the clock and the settlement do to events, and events that are recorded after the fact."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common.intervals import to_utc
from common.retry import retried
from events.errors import EventExists, NotOverYet, WrongState
from events.models import Event, EventState, OptPolicy, Participation, ParticipationState, Program
from events.models.participation import NOT_COUNTED
from events.services.changes import announce_change, check_span, invite, lock, move, terms_in_force

OVER = (EventState.COMPLETED, EventState.MEASURED, EventState.SETTLED)
# Answers and cases that a measurement leaves as they are.
LEFT_ALONE = (
    ParticipationState.OPTED_OUT,
    ParticipationState.HELD_OUT,
    ParticipationState.DISPUTED,
    ParticipationState.RESOLVED,
)
BATCH = 500


def advance_events(*, now: datetime | None = None) -> int:
    """How many events the clock moved on: announced ones start, running ones end. Safe to run twice."""
    now = now or timezone.now()
    due = Q(state=EventState.NOTIFIED, start__lte=now) | Q(state=EventState.ACTIVE, end__lte=now)
    return sum(_advance(pk, now) for pk in Event.objects.filter(due).values_list("pk", flat=True))


@retried
@transaction.atomic
def _advance(pk: int, now: datetime) -> int:
    event = Event.objects.select_for_update().filter(pk=pk).first()
    if event is None:
        return 0
    before = event.modification_number
    if event.state == EventState.NOTIFIED and event.start <= now:
        move(event, EventState.ACTIVE)
        told = Participation.objects.filter(event=event, state=ParticipationState.NOTIFIED)
        told.update(state=_silence(event))
        announce_change(event, None)
    if event.state == EventState.ACTIVE and event.end <= now:
        move(event, EventState.COMPLETED)
        announce_change(event, None)
    return int(event.modification_number > before)


def _silence(event: Event) -> ParticipationState:
    """What silence means under the event's terms."""
    is_joined_only = event.version.opt_policy == OptPolicy.OPT_IN
    return ParticipationState.OPTED_OUT if is_joined_only else ParticipationState.NO_RESPONSE


@transaction.atomic
def record_completed_event(*, program: Program, start: datetime, end: datetime, by: User | None = None) -> Event:
    """A past event, straight to COMPLETED with the enrolled meters; nobody is written to.

    `notified_at` is the moment of recording: from then on its participants see it.

    Raises:
        BadSpan: The times make no event.
        NotOverYet: It has not ended.
        NaiveTime: A time has no zone.
        EventExists: The program has an event at this time.
        NobodyEnrolled: No meter takes part.
        NoTerms: Nothing says what an event pays.
    """
    start, end = check_span(program, start, end)
    now = timezone.now()
    if end > now:
        raise NotOverYet(_("The event is not over yet."))
    locked = Program.objects.select_for_update().get(pk=program.pk)
    if Event.objects.filter(program=locked, start=start, end=end).exists():
        raise EventExists(_("%(program)s has an event at this time already.") % {"program": program.name})
    event = Event.objects.create(
        program=locked,
        version=terms_in_force(locked),
        start=start,
        end=end,
        state=EventState.COMPLETED,
        created_by=by,
        notified_at=now,
    )
    invite(event)
    announce_change(event, by)
    return event


def find_or_record_event(*, program: Program, start: datetime, end: datetime, by: User | None = None) -> Event:
    """The program's event over [start, end), recorded if there is none, and moved on by the clock.

    Raises:
        WrongState: It was never announced or was cancelled.
        BadSpan, NotOverYet, NaiveTime, NobodyEnrolled: as in `record_completed_event`.
    """
    same = Event.objects.filter(program=program, start=to_utc(start), end=to_utc(end))
    if not same.exists():
        try:
            return record_completed_event(program=program, start=start, end=end, by=by)
        except EventExists:
            pass  # another one recorded it in between
    event = same.get()
    _advance(event.pk, timezone.now())
    event.refresh_from_db()
    if event.end > timezone.now():
        raise NotOverYet(_("The event is not over yet."))
    if event.state not in (*OVER, EventState.CLOSED):
        raise WrongState(
            _("The event is %(state)s: nobody was asked for less load.") % {"state": event.get_state_display()}
        )
    return event


def lock_for_settlement(*, event: Event) -> Event:
    """The event, locked until the transaction ends: two settlements wait for each other.

    Raises:
        WrongState: It is not over, was cancelled, or is closed.
    """
    return lock(event, *OVER, doing="settled")


@transaction.atomic
def mark_measured(*, event: Event, unmeasured: Collection[int]) -> None:
    """Moves a completed event on, and says of each participation whether it could be measured.

    Of a settled event nothing changes: its participations say what was posted, and a correction may be refused.

    Args:
        unmeasured: ids of the meters that could not.
    """
    locked = lock(event, *OVER, doing="measured")
    if locked.state == EventState.SETTLED:
        return
    _say(locked, ParticipationState.MEASURED, unmeasured)
    if locked.state == EventState.COMPLETED:
        move(locked, EventState.MEASURED)
        announce_change(locked, None)


@transaction.atomic
def mark_settled(*, event: Event, unmeasured: Collection[int]) -> None:
    """Moves a measured event on once its rewards are in the ledger.

    Args:
        unmeasured: ids of the meters that what was posted could not measure.
    """
    locked = lock(event, *OVER, doing="settled")
    _say(locked, ParticipationState.SETTLED, unmeasured)
    if locked.state == EventState.MEASURED:
        move(locked, EventState.SETTLED)
        announce_change(locked, None)


def _say(event: Event, state: ParticipationState, unmeasured: Collection[int]) -> None:
    """What became of each that counts in the locked event."""
    counted = Participation.objects.filter(event=event).exclude(state__in=LEFT_ALONE)
    counted.update(state=state)
    missing = sorted(unmeasured)
    for first in range(0, len(missing), BATCH):
        chunk = counted.filter(meter__in=missing[first : first + BATCH])
        chunk.update(state=ParticipationState.UNMEASURED)


@transaction.atomic
def mark_disputed(*, event: Event, meter_id: int) -> Participation:
    """The meter's participation, in dispute from now on; who skipped or was held out is so all the same.

    The event is locked, so that a settlement and two objections at once wait for each other.
    """
    Event.objects.select_for_update().get(pk=event.pk)
    row = Participation.objects.select_related("event__program__distributor", "event__version").get(
        event=event, meter=meter_id
    )
    if row.state not in NOT_COUNTED:
        row.state = ParticipationState.DISPUTED
        row.save(update_fields=["state"])
    return row


@transaction.atomic
def mark_resolved(*, participation: Participation) -> None:
    """The participation whose dispute is over."""
    disputed = Participation.objects.filter(pk=participation.pk, state=ParticipationState.DISPUTED)
    disputed.update(state=ParticipationState.RESOLVED)
