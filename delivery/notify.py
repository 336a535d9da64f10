"""Telling people something: in the portal, by mail, as they chose, and not in their quiet hours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from typing import Any

from django.utils import timezone

from accounts.language import language_of
from accounts.models import User
from delivery.board import put_notices
from delivery.choices import unwanted
from delivery.letters import kind_of, write
from delivery.models import Channel, Notice, Topic
from delivery.quiet import end_of_quiet, zone_of
from delivery.services import Outgoing, enqueue_many


@dataclass(frozen=True, kw_only=True)
class Told:
    """One person and what the letter to them says."""

    user: User
    payload: dict[str, Any]
    # The same key is told once, in the portal and by mail.
    dedupe_key: str | None = None


def notify(
    *,
    user: User,
    kind: str,
    payload: dict[str, Any],
    dedupe_key: str | None = None,
    useful_until: datetime | None = None,
) -> None:
    """Tells one person; see `notify_many`."""
    notify_many(kind=kind, people=[Told(user=user, payload=payload, dedupe_key=dedupe_key)], useful_until=useful_until)


def notify_many(*, kind: str, people: Sequence[Told], useful_until: datetime | None = None) -> None:
    """Writes notices and mails of one kind in the caller's transaction, each where its reader wants it.

    A mail waits for the end of its reader's quiet hours, unless it concerns security or comes too late then.

    Args:
        kind: One that a room registered by `delivery.letters.letter`; it says the topic.
        useful_until: From when on the mail is of no use, such as the start of the event.
    """
    topic = kind_of(kind).topic
    refused = unwanted(user_ids=[told.user.pk for told in people], topic=topic)
    by_mail = [told for told in people if (told.user.pk, Channel.EMAIL.value) not in refused]
    in_portal = [told for told in people if (told.user.pk, Channel.PORTAL.value) not in refused]
    # Thousands of people have few distributors; what those say is asked once.
    language, zone = cache(_language), cache(zone_of)
    put_notices([_notice(kind, topic, told, told.user.language or language(told.user.tenant_id)) for told in in_portal])
    now, is_urgent = timezone.now(), topic == Topic.SECURITY
    mails = []
    for told in by_mail:
        wait = None if is_urgent else not_before(told.user, now, zone, useful_until)
        mails.append(_mail(kind, told, wait))
    enqueue_many(mails)


def _language(tenant_id: int | None) -> str:
    return language_of(None, tenant_id)


def _notice(kind: str, topic: Topic, told: Told, language: str) -> Notice:
    letter = write(kind=kind, payload=told.payload, language=language)
    return Notice(
        user=told.user,
        topic=topic,
        title=" ".join((letter.title or letter.subject).split()),
        body=letter.body if letter.title else letter.text,
        url=letter.url,
        dedupe_key=told.dedupe_key,
    )


def _mail(kind: str, told: Told, wait_until: datetime | None) -> Outgoing:
    return Outgoing(
        kind=kind,
        recipient=told.user.email,
        payload=told.payload,
        dedupe_key=told.dedupe_key,
        tenant_id=told.user.tenant_id,
        user_id=told.user.pk,
        not_before=wait_until,
    )


def not_before(
    user: User, now: datetime, zone: Callable[[int | None], tzinfo], useful_until: datetime | None = None
) -> datetime | None:
    """When the person's quiet hours are over; None outside of them, or if that is too late."""
    if user.quiet_from is None or user.quiet_until is None:
        return None
    end = end_of_quiet(now, user.quiet_from, user.quiet_until, zone(user.tenant_id))
    return None if end is None or (useful_until is not None and end >= useful_until) else end
