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


def register(kind: str) -> Callable[[Handler], Handler]:
    """Decorator: the function delivers messages of this kind, and raises where it cannot."""

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
        return Message.objects.get(dedupe_key=dedupe_key)


def drain(*, limit: int = 200) -> int:
    """How many due messages were tried. Each is claimed, delivered and marked in a transaction of its own.

    Safe to run in several processes: on MariaDB a row that another drain holds is skipped; SQLite has one
    writer. A handler may run twice for a message whose process died after delivering it, never for one
    that is marked.
    """
    tried = 0
    for pk in list(Message.objects.due().values_list("pk", flat=True)[:limit]):
        tried += _deliver(pk)
    return tried


def _deliver(pk: int) -> int:
    with transaction.atomic():
        due = Message.objects.due().filter(pk=pk)
        message = due.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked).first()
        if message is None:
            return 0
        error = _try(message)
        Attempt.objects.create(message=message, error=error)
        _mark(message, error)
    return 1


def _try(message: Message) -> str:
    handler = _handlers.get(message.kind)
    if handler is None:
        return f"no handler for {message.kind}"
    try:
        with transaction.atomic():
            handler(message)
    except Exception as problem:  # whatever a provider raises is a failed attempt, not a failed drain
        logger.warning("delivery of message %s failed: %s", message.pk, problem)
        return f"{type(problem).__name__}: {problem}"
    return ""


def _mark(message: Message, error: str) -> None:
    now, attempts = timezone.now(), message.attempts.count()
    if not error:
        message.state, message.finished_at = DeliveryState.DELIVERED, now
    elif attempts > len(BACKOFF):
        message.state, message.finished_at = DeliveryState.UNREACHABLE, now
    else:
        message.next_attempt_at = now + BACKOFF[attempts - 1]
    message.save(update_fields=["state", "finished_at", "next_attempt_at", "payload"])
