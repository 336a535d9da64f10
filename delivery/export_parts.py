"""What a copy of the own data has from this room."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.exports import register_part
from accounts.models import User
from delivery.models import Message, Notice, NotificationChoice, Phone, Way

Rows = Iterator[dict[str, Any]]


def _notices(user: User) -> Rows:
    names = ("created_at", "topic", "title", "body", "url", "read_at")
    yield from Notice.objects.filter(user=user).order_by("id").values(*names).iterator(chunk_size=1000)


def _choices(user: User) -> Rows:
    yield from NotificationChoice.objects.filter(user=user).order_by("id").values("topic", "channel", "wanted")


def _phone(user: User) -> Rows:
    yield from Phone.objects.filter(user=user).values("number", "confirmed_at", "asked_number")


def _texts(user: User) -> Rows:
    names = ("created_at", "recipient", "state", "finished_at")
    yield from (
        Message.objects.filter(user=user, channel=Way.SMS).order_by("id").values(*names).iterator(chunk_size=1000)
    )


def _messages(user: User) -> Rows:
    for message in Message.objects.filter(user=user, kind="mail").order_by("id").iterator(chunk_size=1000):
        yield {
            "created_at": message.created_at,
            "to": message.recipient,
            "subject": message.payload.get("subject", ""),
            "state": message.state,
        }


register_part("notices", _notices, title=_("what you were told in the portal"))
register_part("notification-choices", _choices, title=_("what you chose to be told, where"))
register_part("mails", _messages, title=_("mails to you, by their subjects"))
register_part("phone", _phone, title=_("your phone number"))
register_part("text-messages", _texts, title=_("text messages to you, by their times"))
