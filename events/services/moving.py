"""What becomes of programs and events when a resident moves."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.audit import deed
from accounts.models import User
from events.answers import answers_until
from events.errors import EventError
from events.models import AnswerSource, Enrollment, Event, EventState, Participation, ParticipationState
from events.models.participation import NOT_COUNTED, ParticipationQuerySet
from events.notices import Notice, tell_participants
from events.services.opts import opt_out
from events.signals import opt_recorded
from meters.models import MeterMap
from meters.selectors import holders_at

_COMING = (EventState.SCHEDULED, EventState.NOTIFIED)


@transaction.atomic
def follow_end(*, meter_map: MeterMap) -> None:
    """Takes a meter out of its programs, and out of events to come, from the end of its resident's row on.

    Whoever moves in next is asked anew: nobody takes part because of somebody else's promise. What was skipped before
    stays as it was said then, and a home that is held out stays so, but is compared with no more.
    """
    assert meter_map.valid_to is not None
    at = meter_map.valid_to
    lasting = Enrollment.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=at), meter=meter_map.meter_id)
    for enrollment in lasting.select_for_update().order_by("pk"):
        enrollment.ended_at = max(at, enrollment.enrolled_at)
        enrollment.save(update_fields=["ended_at"])
    coming = _coming(meter_map, at).filter(holder_id=meter_map.entity_id)
    for row in coming:
        row.holder_id = None
        is_asked = row.state not in NOT_COUNTED
        if is_asked or (row.state == ParticipationState.HELD_OUT and not row.answer_source):
            row.answer_source = AnswerSource.MOVE
        if is_asked:
            # `answered_at` stays: it tells who had joined from who had not answered, should they stay after all.
            row.state = ParticipationState.OPTED_OUT
        row.save(update_fields=["holder", "state", "answer_source"])
        if is_asked:
            opt_recorded.send(sender=Participation, participation=row, at=timezone.now())


@transaction.atomic
def follow_return(*, meter_map: MeterMap, was: datetime) -> None:
    """Puts a meter whose resident stays after all back into its programs, and into events to come as it was before.

    Only what the move did is taken back. Who had not answered, and cannot any more, stays out: silence would count.
    """
    ended = Enrollment.objects.filter(meter=meter_map.meter_id, ended_at=was).select_for_update().order_by("pk")
    programs = []
    for enrollment in ended:
        programs.append(enrollment.program_id)
        enrollment.ended_at = None
        enrollment.save(update_fields=["ended_at"])
    for row in _coming(meter_map, was).filter(holder=None):
        row.holder_id = meter_map.entity_id
        row.save(update_fields=["holder"])
        if row.answer_source == AnswerSource.MOVE and row.event.program_id in programs:
            _undo_move(row)


def _undo_move(row: Participation) -> None:
    if row.state == ParticipationState.HELD_OUT:
        row.answer_source = ""
    elif row.answered_at is not None:
        row.state, row.answer_source = ParticipationState.OPTED_IN, ""
    elif can_still_answer(row.event):
        row.state, row.answer_source = unanswered(row.event), ""
    else:
        return
    row.save(update_fields=["state", "answer_source"])
    if row.state != ParticipationState.HELD_OUT:
        opt_recorded.send(sender=Participation, participation=row, at=timezone.now())


@transaction.atomic
def follow_newcomer(*, meter_map: MeterMap) -> None:
    """Gives the meter's part in events to come to who moves in, and tells them of those that are announced."""
    rows = _coming(meter_map, meter_map.valid_from).engaged()
    told: list[Event] = []
    for row in rows.filter(Q(holder=None) | ~Q(holder_id=meter_map.entity_id)):
        holder = holders_at(meter_ids=[row.meter_id], at=row.event.start).get(row.meter_id)
        if holder == row.holder_id:
            continue
        row.holder_id = holder
        row.save(update_fields=["holder"])
        if row.event.state == EventState.NOTIFIED:
            told.append(row.event)
    for event in told:
        tell_participants(event=event, notice=Notice.ANNOUNCED)


def leave_coming(*, enrollment: Enrollment, by: User | None = None, source: AnswerSource = AnswerSource.PAGE) -> None:
    """Takes an enrollment's meter out of the program's events to come, where an answer is still possible.

    What was skipped before stays as it was said then. A home that is held out is compared with no more.
    """
    rows = Participation.objects.filter(
        meter=enrollment.meter_id,
        event__program=enrollment.program_id,
        event__state__in=_COMING,
        event__start__gt=timezone.now(),
    ).engaged()
    for row in rows.select_related("event").order_by("event__pk"):
        if row.state == ParticipationState.HELD_OUT:
            _release(row, by, source)
            continue
        if row.event.state == EventState.SCHEDULED:
            row.state, row.answer_source, row.answered_at = ParticipationState.OPTED_OUT, source, timezone.now()
            row.save(update_fields=["state", "answer_source", "answered_at"])
            opt_recorded.send(sender=Participation, participation=row, at=timezone.now())
            continue
        try:
            opt_out(participation=row, by=by, source=source)
        except EventError:
            continue  # the answers are closed: this one counts to its end


def _release(row: Participation, by: User | None, source: AnswerSource) -> None:
    """Takes a home out of the comparison; it stays held out, so that it learns nothing and is asked nothing."""
    event = Event.objects.select_for_update().get(pk=row.event_id)
    if event.state not in _COMING:
        return  # it began meanwhile, and counts to its end
    row.answer_source, row.answered_at = source, timezone.now()
    with deed("event.released", by=by):
        row.save(update_fields=["answer_source", "answered_at"])


def unanswered(event: Event) -> ParticipationState:
    """The state of who has not answered yet."""
    return ParticipationState.NOTIFIED if event.state == EventState.NOTIFIED else ParticipationState.INVITED


def can_still_answer(event: Event) -> bool:
    """Whether somebody who is asked now can say no; one that is not announced yet is answered later."""
    return event.state == EventState.SCHEDULED or timezone.now() < answers_until(event)


def come_back(*, enrollment: Enrollment) -> int:
    """Into how many events to come the meter is back that a pause skipped; unanswered, and asked as the others are.

    An event that has begun stays skipped, one to which nobody can answer any more too, as silence would count, and so
    does one at whose time the meter takes part elsewhere by now. A home that was held out is compared with again.
    """
    skipped = Participation.objects.filter(
        meter=enrollment.meter_id,
        event__program=enrollment.program_id,
        state__in=NOT_COUNTED,
        answer_source=AnswerSource.PAUSE,
    )
    count = 0
    for row in _not_begun(skipped, timezone.now()):
        is_held = row.state == ParticipationState.HELD_OUT
        if _is_elsewhere(row) or not (is_held or can_still_answer(row.event)):
            continue
        row.state = ParticipationState.HELD_OUT if is_held else unanswered(row.event)
        row.holder_id = holders_at(meter_ids=[row.meter_id], at=row.event.start).get(row.meter_id)
        row.answered_at, row.answered_by, row.answer_source = None, None, ""
        row.save(update_fields=["state", "holder", "answered_at", "answered_by", "answer_source"])
        if not is_held:
            opt_recorded.send(sender=Participation, participation=row, at=timezone.now())
            count += 1
    return count


def _is_elsewhere(row: Participation) -> bool:
    others = Participation.objects.filter(
        meter=row.meter_id,
        event__state__in=(*_COMING, EventState.ACTIVE),
        event__start__lt=row.event.end,
        event__end__gt=row.event.start,
    )
    return others.exclude(event=row.event_id).engaged().exists()


def _coming(meter_map: MeterMap, at: datetime) -> ParticipationQuerySet:
    """The meter's part in events that start at a moment or later and have not begun; the events are locked."""
    return _not_begun(Participation.objects.filter(meter=meter_map.meter_id), max(at, timezone.now()))


def _not_begun(among: ParticipationQuerySet, start: datetime) -> ParticipationQuerySet:
    """Those of the rows whose events come and start at that moment or later; the events are locked."""
    rows = among.filter(event__state__in=_COMING, event__start__gte=start)
    # The events first, as who answers does; by their keys alone, so that nothing else is locked.
    events = sorted(rows.values_list("event", flat=True))
    locked = Event.objects.filter(pk__in=events).order_by("pk").select_for_update()
    coming = [event.pk for event in locked if event.state in _COMING and event.start >= start]
    return rows.filter(event__in=coming).select_related("event__program__distributor").order_by("pk")
