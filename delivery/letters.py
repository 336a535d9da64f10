"""Mails to people: each kind is written by the room that knows its content, in its reader's language."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.language import language_of
from accounts.models import User
from delivery.choices import stop_url
from delivery.mail import put_mail
from delivery.models import Message, Topic
from delivery.services import register
from delivery.tenants import site_url_for


@dataclass(frozen=True)
class Letter:
    """A mail, and what the portal's own notice says of the same.

    Attributes:
        subject, text: of the mail; the foot is added.
        title, body: of the notice; the mail's where they are empty. A title is also what is kept of the subject:
            a letter whose subject names people needs one.
        url: the path that the notice opens.
    """

    subject: str
    text: str
    title: str = ""
    body: str = ""
    url: str = ""


Writer = Callable[[dict[str, Any]], Letter]


class LetterKind(NamedTuple):
    """What a kind is about, and who writes it."""

    topic: Topic
    write: Writer


_kinds: dict[str, LetterKind] = {}


def letter(kind: str, topic: Topic) -> Callable[[Writer], Writer]:
    """Decorator: the function writes letters of this kind from a message's payload, in the current language.

    The payload is dropped once the letter is delivered or given up: it names people, and may hold a link.
    """

    def keep(writer: Writer) -> Writer:
        _kinds[kind] = LetterKind(topic, writer)
        register(kind, keep=())(_deliver)
        return writer

    return keep


def kind_of(name: str) -> LetterKind:
    """The kind of letters with this name."""
    return _kinds[name]


def write(*, kind: str, payload: dict[str, Any], language: str) -> Letter:
    """The letter in a language."""
    with translation.override(language):
        return _kinds[kind].write(payload)


def _deliver(message: Message) -> None:
    """Hands the letter on as a mail, once, however often this runs."""
    user = message.user
    with translation.override(language_of(user, message.tenant_id)):
        content = _kinds[message.kind].write(message.payload)
        mail = compose(content, _kinds[message.kind].topic, user)
    key, lasting = f"letter-{message.pk}", " ".join(content.title.split())
    put_mail(mail, recipient=message.recipient, owner=user, dedupe_key=key, lasting_subject=lasting)


def compose(content: Letter, topic: Topic, user: User | None) -> EmailMessage:
    """The mail: with why one gets it, and how to get it no more."""
    # Names are what people typed; a line break would end the subject's header.
    mail = EmailMessage(" ".join(content.subject.split()), content.text)
    if user is None:
        return mail
    mail.body = f"{content.text.rstrip()}\n\n-- \n{_foot(topic, user)}\n"
    if topic != Topic.SECURITY:
        mail.extra_headers = {
            "List-Unsubscribe": f"<{stop_url(user=user, topic=topic)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    return mail


def _foot(topic: Topic, user: User) -> str:
    if topic == Topic.SECURITY:
        return _("You get this mail because it concerns your account. Such mails are always sent.")
    reason = _("You get this mail because your account is set to be told of: %(topic)s.") % {"topic": topic.label}
    where = _("Choose what you are told: %(url)s") % {
        "url": f"{site_url_for(user.tenant_id)}{reverse('notifications')}"
    }
    stop = _("No more of these mails, without signing in: %(url)s") % {"url": stop_url(user=user, topic=topic)}
    return f"{reason}\n{where}\n{stop}"
