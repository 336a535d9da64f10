"""The way in, and the drain."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from delivery.models import Attempt, DeliveryState, Message

logger = logging.getLogger(__name__)

Handler = Callable[[Message], None]
_handlers: dict[str, Handler] = {}

# Waiting time before the second, third, … attempt; after the last one a message is UNREACHABLE.
BACKOFF = [timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200)]
# How long a claimed message is one drain's own; far longer than any handler's time-out.
LEASE = timedelta(minutes=10)


def register(kind: str) -> Callable[[Handler], Handler]:
    """Decorator: the function delivers messages of this kind, and raises where it cannot.

    What it writes to the database belongs in a transaction of its own; what it leaves in `message.payload` is
    kept once the message is delivered.
    """

    def keep(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return keep


def enqueue(
    *,
    kind: str,
    recipient: str,
    payload: dict[str, Any],
    dedupe_key: str | None = None,
    tenant_id: int | None = None,
) -> Message:
    """The message's row, written in the caller's transaction; the one that exists for a known `dedupe_key`."""
    fields = {"kind": kind, "recipient": recipient, "payload": payload, "tenant_id": tenant_id}
    if dedupe_key is None:
        return Message.objects.create(**fields)
    try:
        with transaction.atomic():
            return Message.objects.create(dedupe_key=dedupe_key, **fields)
    except IntegrityError:
        known = Message.objects.filter(dedupe_key=dedupe_key).first()
        if known is None:
            raise
        return known


def drain(*, limit: int = 200) -> int:
    """How many due messages were tried.

    Safe to run in several processes: a message is claimed first, in a short transaction. None is open
    while a handler talks to the outside, so a slow mail server holds up no writer. A handler may run twice for
    a message whose process died after delivering it, never for one that is marked.
    """
    tried = 0
    for pk in list(Message.objects.due().values_list("pk", flat=True)[:limit]):
        if _claim(pk):
            message = Message.objects.get(pk=pk)
            _mark(message, _try(message))
            tried += 1
    return tried


@transaction.atomic
def _claim(pk: int) -> bool:
    # Skipped, not waited for, where another drain has it: waiting for a row that the other one is about to
    # mark could end in a deadlock. SQLite has one writer.
    skip = connection.features.has_select_for_update_skip_locked
    row = Message.objects.select_for_update(skip_locked=skip).filter(pk=pk).first()
    now = timezone.now()
    if row is None or row.state != DeliveryState.PENDING or row.next_attempt_at > now:
        return False
    return Message.objects.filter(pk=pk).update(next_attempt_at=now + LEASE) == 1


def _try(message: Message) -> str:
    handler = _handlers.get(message.kind)
    if handler is None:
        return f"no handler for {message.kind}"
    try:
        handler(message)
    except Exception as problem:  # whatever a provider raises is a failed attempt, not a failed drain
        logger.warning("delivery of message %s failed: %s", message.pk, problem)
        return f"{type(problem).__name__}: {problem}"
    return ""


@transaction.atomic
def _mark(message: Message, error: str) -> None:
    now, attempts = timezone.now(), message.attempts.count() + 1
    if not error:
        outcome = {"state": DeliveryState.DELIVERED, "finished_at": now, "payload": message.payload}
    elif attempts > len(BACKOFF):
        outcome = {"state": DeliveryState.UNREACHABLE, "finished_at": now}
    else:
        outcome = {"next_attempt_at": now + BACKOFF[attempts - 1]}
    # Only while it waits: a drain that outlived its lease must not undo what another one has marked.
    Message.objects.filter(pk=message.pk, state=DeliveryState.PENDING).update(**outcome)
    # Last: its foreign key's shared lock, taken before the update's own, could end in a deadlock.
    Attempt.objects.create(message=message, error=error)
