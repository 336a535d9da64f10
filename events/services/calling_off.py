"""Calling an event off. A running one needs two people, or an emergency."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.retry import retried
from events.errors import BadReason, NeedsSecond, WrongState
from events.models import CancelAnswer, CancelRequest, Event, EventState
from events.notices import Notice, tell_participants
from events.services.changes import announce_change, free_days, keep_days, lock, move
from events.services.life import NOT_STARTED
from events.services.seats import asked_meters

LONGEST = 300


@retried
@transaction.atomic
def cancel_event(*, event: Event, by: User | None = None, reason: str = "") -> Event:
    """The event, called off: nothing of it is paid, and whoever was told is told why.

    Its intervals count as ordinary use again, but for those in which people were asked to use less.

    Raises:
        WrongState: It is over or cancelled already.
        NeedsSecond: It is running and no test: see `ask_to_cancel` and `cancel_in_emergency`.
        BadReason: The reason is too long.
    """
    locked = lock(event, *NOT_STARTED, EventState.ACTIVE, doing="cancelled")
    if locked.state == EventState.ACTIVE and not locked.is_test and by is not None:
        raise NeedsSecond(_("The event is running: a second admin must agree to call it off."))
    return _call_off(locked, by, reason, "event.cancelled")


@retried
@transaction.atomic
def cancel_in_emergency(*, event: Event, by: User, reason: str) -> Event:
    """A running event, called off by one person at once; the history names it an emergency.

    For when people or the network are in danger and no second person is at hand. The reason is not left out.

    Raises:
        WrongState: It is not running.
        BadReason: The reason is missing or too long.
    """
    locked = lock(event, EventState.ACTIVE, doing="cancelled")
    return _call_off(locked, by, _said(reason), "event.cancelled_in_emergency")


@retried
@transaction.atomic
def ask_to_cancel(*, event: Event, by: User, reason: str) -> CancelRequest:
    """The open request to call a running event off; one that is open already stays as it is.

    Raises:
        WrongState: It is not running.
        BadReason: The reason is missing or too long.
    """
    said = _said(reason)
    locked = lock(event, EventState.ACTIVE, doing="cancelled")
    known = locked.cancel_requests.open().first()
    if known is not None:
        return known
    with deed("event.cancel_asked", by=by, reason=said):
        return CancelRequest.objects.create(event=locked, reason=said, asked_by=by)


@retried
@transaction.atomic
def agree_to_cancel(*, request: CancelRequest, by: User) -> Event:
    """The event, called off by two people.

    Raises:
        NeedsSecond: Who asked cannot agree.
        WrongState: The event is over, or the request was answered.
    """
    locked = lock(request.event, EventState.ACTIVE, doing="cancelled")
    asked = _open(request)
    if asked.asked_by_id == by.pk:
        raise NeedsSecond(_("Somebody else than who asked must agree."))
    with deed("event.cancelled", by=by, reason=asked.reason):
        _answer(asked, CancelAnswer.AGREED, by)
        return _call_off(locked, by, asked.reason, "event.cancelled")


@retried
@transaction.atomic
def keep_running(*, request: CancelRequest, by: User) -> CancelRequest:
    """The request, answered with no; who asked may take it back like this.

    Raises:
        WrongState: The request was answered.
    """
    Event.objects.select_for_update().get(pk=request.event_id)
    asked = _open(request)
    with deed("event.cancel_refused", by=by):
        _answer(asked, CancelAnswer.KEPT, by)
    return asked


def _open(request: CancelRequest) -> CancelRequest:
    """The request, read behind the lock on its event."""
    asked = CancelRequest.objects.get(pk=request.pk)
    if asked.answer != CancelAnswer.OPEN:
        raise WrongState(_("The request was answered already."))
    return asked


def _answer(asked: CancelRequest, answer: CancelAnswer, by: User) -> None:
    asked.answer, asked.answered_by, asked.answered_at = answer, by, timezone.now()
    asked.save(update_fields=["answer", "answered_by", "answered_at"])


def _said(reason: str) -> str:
    said = reason.strip()
    if not said:
        raise BadReason(_("Give a reason; people will read it."))
    if len(said) > LONGEST:
        raise BadReason(_("A reason has at most %(most)d characters.") % {"most": LONGEST})
    return said


def _call_off(event: Event, by: User | None, reason: str, act: str) -> Event:
    said = _said(reason) if reason.strip() else ""
    with deed(act, by=by, reason=said):
        move(event, EventState.CANCELLED, cancel_reason=said)
        free_days(event)
        _keep_what_ran(event, timezone.now())
    if event.notified_at is not None:
        tell_participants(event=event, notice=Notice.CANCELLED)
    announce_change(event, by)
    return event


def _keep_what_ran(event: Event, now: datetime) -> None:
    """Who was asked to use less until now did not use as usual: those hours lower nobody's later baselines."""
    end = min(now, event.end)
    if event.notified_at is not None and event.start < end:
        keep_days(event, asked_meters(event), end=end)
