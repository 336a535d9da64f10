"""Telling people something: in the portal, by mail, by text message, as they chose, and not in their quiet hours."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import cache
from typing import Any

from django.utils import timezone

from accounts.language import language_of
from accounts.models import User
from delivery.board import put_notices
from delivery.choices import unwanted
from delivery.letters import kind_of, write
from delivery.models import Channel, Notice, Topic, Way
from delivery.phones import numbers_of
from delivery.quiet import end_of_quiet, zone_of
from delivery.services import Outgoing, enqueue_many
from delivery.sms import is_on
from delivery.sms.outgoing import KIND as SMS


@dataclass(frozen=True, kw_only=True)
class Told:
    """One person and what the letter to them says."""

    user: User
    payload: dict[str, Any]
    # The same key is told once on each channel.
    dedupe_key: str | None = None
    # What it is about, such as "event-12"; counted by `delivery.selectors.delivery_of`.
    about: str = ""


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


def notify_many(
    *,
    kind: str,
    people: Sequence[Told],
    useful_until: datetime | None = None,
    only: Collection[Channel] = tuple(Channel),
) -> None:
    """Writes notices, mails and text messages of one kind in the caller's transaction, each where its reader wants it.

    What leaves the portal waits for the end of its reader's quiet hours, unless it concerns security or comes too
    late then. A text message needs a confirmed number, and a kind that has a short form.

    Args:
        kind: One that a room registered by `delivery.letters.letter`; it says the topic.
        useful_until: From when on the mail is of no use, such as the start of the event.
        only: The channels that this is worth.
    """
    sort = kind_of(kind)
    refused = unwanted(user_ids=[told.user.pk for told in people], topic=sort.topic)
    wanted = {
        channel: [told for told in people if (told.user.pk, channel.value) not in refused] if channel in only else []
        for channel in Channel
    }
    # Thousands of people have few distributors; what those say is asked once.
    language, zone = cache(_language), cache(zone_of)
    put_notices(
        [
            _notice(kind, sort.topic, told, told.user.language or language(told.user.tenant_id))
            for told in wanted[Channel.PORTAL]
        ]
    )
    now, is_urgent = timezone.now(), sort.topic == Topic.SECURITY
    leaving = [_mail(kind, told) for told in wanted[Channel.EMAIL]]
    leaving += _texts(kind, wanted[Channel.SMS]) if sort.by_sms and is_on() else []
    waits = {} if is_urgent else {t.user.pk: not_before(t.user, now, zone, useful_until) for t in people}
    enqueue_many([replace(row, not_before=waits.get(row.user_id or 0)) for row in leaving])


def _texts(kind: str, people: Sequence[Told]) -> list[Outgoing]:
    numbers = numbers_of([told.user.pk for told in people])
    return [
        Outgoing(
            kind=SMS,
            recipient=numbers[told.user.pk],
            payload={"letter": kind, "data": told.payload},
            dedupe_key=told.dedupe_key and f"{told.dedupe_key}-sms",
            tenant_id=told.user.tenant_id,
            user_id=told.user.pk,
            channel=Way.SMS,
            about=told.about,
        )
        for told in people
        if told.user.pk in numbers
    ]


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


def _mail(kind: str, told: Told) -> Outgoing:
    return Outgoing(
        kind=kind,
        recipient=told.user.email,
        payload=told.payload,
        dedupe_key=told.dedupe_key,
        tenant_id=told.user.tenant_id,
        user_id=told.user.pk,
        channel=Way.EMAIL,
        about=told.about,
    )


def not_before(
    user: User, now: datetime, zone: Callable[[int | None], tzinfo], useful_until: datetime | None = None
) -> datetime | None:
    """When the person's quiet hours are over; None outside of them, or if that is too late."""
    if user.quiet_from is None or user.quiet_until is None:
        return None
    end = end_of_quiet(now, user.quiet_from, user.quiet_until, zone(user.tenant_id))
    return None if end is None or (useful_until is not None and end >= useful_until) else end
