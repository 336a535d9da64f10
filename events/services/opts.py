"""Answers to an event."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from events.errors import TooLate, WrongState
from events.models import Event, EventState, Participation, ParticipationState
from events.signals import opt_recorded

ANSWERS = (ParticipationState.OPTED_IN, ParticipationState.OPTED_OUT)


def opt_in(*, participation: Participation, at: datetime | None = None, by: User | None = None) -> Participation:
    """The participation, joined."""
    return record_opt(participation=participation, answer=ParticipationState.OPTED_IN, at=at, by=by)


def opt_out(*, participation: Participation, at: datetime | None = None, by: User | None = None) -> Participation:
    """The participation, skipped: nothing is measured, paid or held against anyone."""
    return record_opt(participation=participation, answer=ParticipationState.OPTED_OUT, at=at, by=by)


@transaction.atomic
def record_opt(
    *, participation: Participation, answer: ParticipationState, at: datetime | None = None, by: User | None = None
) -> Participation:
    """The participation with its answer; it may change until the event starts.

    Args:
        answer: OPTED_IN or OPTED_OUT.
        at: when the answer was given; now if not said.

    Raises:
        TooLate: The event has started.
        WrongState: The event is not announced, or cancelled.
    """
    if answer not in ANSWERS:
        raise ValueError("The answer is OPTED_IN or OPTED_OUT.")
    at = at or timezone.now()
    event = Event.objects.select_for_update().get(pk=participation.event_id)
    if event.state in (EventState.DRAFT, EventState.SCHEDULED, EventState.CANCELLED):
        raise WrongState(_("Nobody can answer: the event is not announced or was cancelled."))
    if event.state != EventState.NOTIFIED or at >= event.start:
        raise TooLate(_("The event has started; it is too late to join or skip it."))
    locked = Participation.objects.select_for_update().get(pk=participation.pk)
    if locked.state != answer:
        locked.state = answer
        with deed("event.answered", by=by):
            locked.save(update_fields=["state"])
        opt_recorded.send(sender=Participation, participation=locked, at=at)
    participation.state = answer
    return locked
