"""Answers to an event."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.retry import retried
from events.answers import answers_until
from events.errors import TooLate, WrongState
from events.models import AnswerSource, Event, EventState, Participation, ParticipationState
from events.signals import opt_recorded

BATCH = 500
ANSWERS = (ParticipationState.OPTED_IN, ParticipationState.OPTED_OUT)


def opt_in(
    *,
    participation: Participation,
    at: datetime | None = None,
    by: User | None = None,
    source: AnswerSource = AnswerSource.PAGE,
) -> Participation:
    """The participation, joined."""
    return record_opt(participation=participation, answer=ParticipationState.OPTED_IN, at=at, by=by, source=source)


def opt_out(
    *,
    participation: Participation,
    at: datetime | None = None,
    by: User | None = None,
    source: AnswerSource = AnswerSource.PAGE,
) -> Participation:
    """The participation, skipped: nothing is measured, paid or held against anyone."""
    return record_opt(participation=participation, answer=ParticipationState.OPTED_OUT, at=at, by=by, source=source)


@retried
@transaction.atomic
def record_opt(
    *,
    participation: Participation,
    answer: ParticipationState,
    at: datetime | None = None,
    by: User | None = None,
    source: AnswerSource = AnswerSource.PAGE,
) -> Participation:
    """The participation with its answer; it may change until the event's stated minute.

    The same answer again changes nothing, also not when and how it was given first.

    Args:
        answer: OPTED_IN or OPTED_OUT.
        at: when the answer was given; now if not said.
        source: where it came from.

    Raises:
        TooLate: The stated minute is over, or the event has started.
        WrongState: The event is not announced, or cancelled, or the meter is only compared with.
    """
    if answer not in ANSWERS:
        raise ValueError("The answer is OPTED_IN or OPTED_OUT.")
    at = at or timezone.now()
    event = Event.objects.select_for_update().get(pk=participation.event_id)
    _check(event, at)
    locked = Participation.objects.select_for_update().get(pk=participation.pk)
    if locked.state == ParticipationState.HELD_OUT:
        raise WrongState(_("This meter is not asked in this event: others are compared with it."))
    if locked.state != answer:
        locked.state, locked.answered_at, locked.answered_by, locked.answer_source = answer, at, by, source
        with deed("event.answered", by=by):
            locked.save(update_fields=["state", "answered_at", "answered_by", "answer_source"])
        opt_recorded.send(sender=Participation, participation=locked, at=at)
    for name in ("state", "answered_at", "answered_by_id", "answer_source"):
        setattr(participation, name, getattr(locked, name))
    return locked


@retried
@transaction.atomic
def record_opts(
    *,
    event: Event,
    keys: Collection[int],
    answer: ParticipationState,
    at: datetime | None = None,
    source: AnswerSource = AnswerSource.DEVICE,
) -> list[Participation]:
    """The participations that changed by one answer for many of an event, as devices give it.

    Who is held out is passed over, and the same answer again changes nothing. Devices keep their own history.

    Args:
        keys: of the participations.

    Raises:
        TooLate, WrongState: as in `record_opt`, for all of them.
    """
    if answer not in ANSWERS:
        raise ValueError("The answer is OPTED_IN or OPTED_OUT.")
    at = at or timezone.now()
    locked = Event.objects.select_for_update().get(pk=event.pk)
    _check(locked, at)
    rows: list[Participation] = []
    wanted = sorted(set(keys))
    for first in range(0, len(wanted), BATCH):
        asked = Participation.objects.filter(event=locked, pk__in=wanted[first : first + BATCH])
        asked = asked.exclude(state__in=(answer, ParticipationState.HELD_OUT))
        rows += asked.select_for_update().order_by("pk")
    for first in range(0, len(rows), BATCH):
        chunk = Participation.objects.filter(pk__in=[row.pk for row in rows[first : first + BATCH]])
        chunk.update(state=answer, answered_at=at, answered_by=None, answer_source=source)
    for row in rows:
        row.event, row.state, row.answered_at, row.answered_by, row.answer_source = locked, answer, at, None, source
        opt_recorded.send(sender=Participation, participation=row, at=at)
    return rows


def _check(event: Event, at: datetime) -> None:
    if event.state in (EventState.DRAFT, EventState.SCHEDULED, EventState.CANCELLED):
        raise WrongState(_("Nobody can answer: the event is not announced or was cancelled."))
    if event.state != EventState.NOTIFIED or at >= event.start:
        raise TooLate(_("The event has started; it is too late to join or skip it."))
    if at >= answers_until(event):
        raise TooLate(_("The time to answer is over; what you said last counts."))
