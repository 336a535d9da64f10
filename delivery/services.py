"""The way in, and the drain."""

import logging
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from delivery.models import Attempt, DeliveryState, Message

logger = logging.getLogger(__name__)

# What a handler returns is the provider's own name of the message, if a receipt follows.
Handler = Callable[[Message], str | None]
_handlers: dict[str, Handler] = {}
# Kind -> what is kept of its payload in the end; kinds that are not here keep all of it.
_kept: dict[str, Collection[str]] = {}

# Kinds whose recipient is forgotten in the end too.
_forgotten: set[str] = set()

# Waiting time before the second, third, … attempt; after the last one a message is UNREACHABLE.
BACKOFF = [timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200)]
# How long a claimed message is one drain's own; far longer than any handler's time-out.
LEASE = timedelta(minutes=10)
DIED = "the process ended before the message was delivered"
BATCH = 500


class NotDeliverable(Exception):
    """What a handler raises where no further attempt can help."""


class Outcome(NamedTuple):
    """How an attempt went."""

    error: str = ""
    is_final: bool = False
    provider_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """What `enqueue` takes, for `enqueue_many`."""

    kind: str
    recipient: str
    payload: dict[str, Any]
    dedupe_key: str | None = None
    tenant_id: int | None = None
    user_id: int | None = None
    not_before: datetime | None = None
    channel: str = ""
    about: str = ""

    def row(self) -> Message:
        """The message, not written yet."""
        now = timezone.now()
        return Message(
            kind=self.kind,
            recipient=self.recipient,
            payload=self.payload,
            dedupe_key=self.dedupe_key,
            tenant_id=self.tenant_id,
            user_id=self.user_id,
            created_at=now,
            next_attempt_at=max(now, self.not_before) if self.not_before else now,
            channel=self.channel,
            about=self.about,
        )


def register(
    kind: str, *, keep: Collection[str] | None = None, forget_recipient: bool = False
) -> Callable[[Handler], Handler]:
    """Decorator: the function delivers messages of this kind, and raises where it cannot.

    What it writes to the database belongs in a transaction of its own; what it leaves in `message.payload` is
    kept once the message is delivered.

    Args:
        keep: The only parts of the payload that stay once a message is delivered or given up, for kinds whose
            payload may hold a link that opens an account. Where there is a "lasting_NAME" too, that is kept as
            NAME. In the demonstration all stays, for its page of mail.
        forget_recipient: In the end also the address goes, even there.
    """

    def remember(handler: Handler) -> Handler:
        _handlers[kind] = handler
        if keep is not None:
            _kept[kind] = keep
        if forget_recipient:
            _forgotten.add(kind)
        return handler

    return remember


def enqueue(
    *,
    kind: str,
    recipient: str,
    payload: dict[str, Any],
    dedupe_key: str | None = None,
    tenant_id: int | None = None,
    user_id: int | None = None,
    not_before: datetime | None = None,
    channel: str = "",
    about: str = "",
) -> Message:
    """The message's row, written in the caller's transaction; the one that exists for a known `dedupe_key`.

    Args:
        not_before: When it may be tried first; now if not said.
        channel: How it travels, for what goes to people.
        about: What it is about, such as "event-12".
    """
    row = Outgoing(
        kind=kind,
        recipient=recipient,
        payload=payload,
        dedupe_key=dedupe_key,
        tenant_id=tenant_id,
        user_id=user_id,
        not_before=not_before,
        channel=channel,
        about=about,
    ).row()
    return _put(row)


def enqueue_many(messages: Sequence[Outgoing]) -> int:
    """How many messages were written, in the caller's transaction; those of a known `dedupe_key` are not again.

    A few statements for thousands of messages, instead of a few for each.
    """
    written = 0
    for first in range(0, len(messages), BATCH):
        written += _put_batch(messages[first : first + BATCH])
    return written


def _put_batch(messages: Sequence[Outgoing]) -> int:
    keys = [message.dedupe_key for message in messages if message.dedupe_key is not None]
    known = set(Message.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))
    fresh: dict[Any, Outgoing] = {}
    for number, message in enumerate(messages):
        if message.dedupe_key not in known:
            fresh.setdefault(message.dedupe_key or number, message)
    rows = [message.row() for message in fresh.values()]
    try:
        with transaction.atomic():
            Message.objects.bulk_create(rows)
    except IntegrityError:
        # Somebody else wrote one of the keys meanwhile: one by one each finds out for itself.
        for row in rows:
            _put(row)
    return len(rows)


def _put(row: Message) -> Message:
    if row.dedupe_key is None:
        row.save(force_insert=True)
        return row
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        known = Message.objects.filter(dedupe_key=row.dedupe_key).first()
        if known is None:
            raise
        return known
    return row


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
    if row.claimed_at is not None and _was_last(row):
        return False
    return Message.objects.filter(pk=pk).update(next_attempt_at=now + LEASE, claimed_at=now) == 1


def _was_last(message: Message) -> bool:
    """Whether the attempt that the earlier claim began, and whose process died, was the message's last one."""
    _mark(message, Outcome(DIED), retry_at=timezone.now())
    return not Message.objects.filter(pk=message.pk, state=DeliveryState.PENDING).exists()


def _try(message: Message) -> Outcome:
    handler = _handlers.get(message.kind)
    if handler is None:
        return Outcome(f"no handler for {message.kind}")
    try:
        return Outcome(provider_id=handler(message) or "")
    except Exception as problem:  # whatever a provider raises is a failed attempt, not a failed drain
        logger.warning("delivery of message %s failed: %s", message.pk, _without(message.recipient, str(problem)))
        return Outcome(f"{type(problem).__name__}: {problem}", isinstance(problem, NotDeliverable))


@transaction.atomic
def _mark(message: Message, outcome: Outcome, *, retry_at: datetime | None = None) -> None:
    now, attempts = timezone.now(), message.attempts.count() + 1
    values: dict[str, Any] = {"claimed_at": None}
    if outcome.provider_id:
        values |= {"state": DeliveryState.SENT, "provider_id": outcome.provider_id}
        values |= {"payload": _remains(message, message.payload), "next_attempt_at": now}
    elif not outcome.error:
        values |= {"state": DeliveryState.DELIVERED, "finished_at": now, "payload": _remains(message, message.payload)}
    elif outcome.is_final or attempts > len(BACKOFF):
        stored = Message.objects.values_list("payload", flat=True).get(pk=message.pk)
        values |= {"state": DeliveryState.UNREACHABLE, "finished_at": now, "payload": _remains(message, stored)}
    else:
        values |= {"next_attempt_at": retry_at or now + BACKOFF[attempts - 1]}
    if "finished_at" in values and message.kind in _forgotten:
        values |= {"recipient": "", "payload": {}}
    # Only while it waits: a drain that outlived its lease must not undo what another one has marked.
    Message.objects.filter(pk=message.pk, state=DeliveryState.PENDING).update(**values)
    # Last: its foreign key's shared lock, taken before the update's own, could end in a deadlock.
    Attempt.objects.create(message=message, error=_without(message.recipient, outcome.error))


def _without(recipient: str, error: str) -> str:
    """The error without the address, which providers repeat: closing the account could not take it out of there."""
    if "@" not in recipient and not recipient.startswith("+"):
        return error
    return re.sub(re.escape(recipient.removeprefix("+")), "…", error, flags=re.IGNORECASE)


def is_whole(message: Message) -> bool:
    """Whether what the message says is still in it."""
    erased = message.kind in _forgotten or _kept.get(message.kind) is not None
    return message.state == DeliveryState.PENDING or not erased or (settings.DEMO and bool(message.payload))


def _remains(message: Message, payload: dict[str, Any]) -> dict[str, Any]:
    kept = _kept.get(message.kind)
    if kept is None or settings.DEMO:
        return payload
    return {name: payload.get(f"lasting_{name}", value) for name, value in payload.items() if name in kept}
