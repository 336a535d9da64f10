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
from delivery.mail import mail_payload, put_mail
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
        sms: the same in one or two plain sentences, for kinds that go as text messages.
        sms_link: an address that ends the text message, whole or not at all.
    """

    subject: str
    text: str
    title: str = ""
    body: str = ""
    url: str = ""
    sms: str = ""
    sms_link: str = ""


MAIL_OF = "letter-"
Writer = Callable[[dict[str, Any]], Letter]


class LetterKind(NamedTuple):
    """What a kind is about, and who writes it."""

    topic: Topic
    write: Writer
    by_sms: bool = False
    is_kept: bool = False


_kinds: dict[str, LetterKind] = {}


def letter(kind: str, topic: Topic, *, by_sms: bool = False, is_kept: bool = False) -> Callable[[Writer], Writer]:
    """Decorator: the function writes letters of this kind from a message's payload, in the current language.

    The payload is dropped once the letter is delivered or given up: it names people, and may hold a link.

    Args:
        by_sms: The letters have a short form for text messages. They hold no secret: the payload stays.
        is_kept: The payload holds no secret and stays, so that the letter can be written and sent once more.
    """

    def keep(writer: Writer) -> Writer:
        _kinds[kind] = LetterKind(topic, writer, by_sms, is_kept)
        register(kind, keep=None if is_kept else ())(_deliver)
        return writer

    return keep


def sms_topics() -> set[Topic]:
    """The topics of which text messages tell."""
    return {kind.topic for kind in _kinds.values() if kind.by_sms}


def letter_kinds() -> list[str]:
    """The names of all kinds of letters."""
    return sorted(_kinds)


def kind_of(name: str) -> LetterKind:
    """The kind of letters with this name."""
    return _kinds[name]


def write(*, kind: str, payload: dict[str, Any], language: str) -> Letter:
    """The letter in a language."""
    with translation.override(language):
        return _kinds[kind].write(payload)


def _deliver(message: Message) -> None:
    """Hands the letter on as a mail, once, however often this runs."""
    mail, lasting = _mail_of(message)
    put_mail(
        mail,
        recipient=message.recipient,
        owner=message.user,
        dedupe_key=f"{MAIL_OF}{message.pk}",
        lasting_subject=lasting,
        about=message.about,
    )


def _mail_of(message: Message) -> tuple[EmailMessage, str]:
    """The mail, and what is kept of its subject."""
    user = message.user
    with translation.override(language_of(user, message.tenant_id)):
        content = _kinds[message.kind].write(message.payload)
        return compose(content, _kinds[message.kind].topic, user), " ".join(content.title.split())


def rewritten(mail: Message) -> dict[str, Any] | None:
    """What an erased mail said, written once more from its letter; None where that is not kept, or was none."""
    number = (mail.dedupe_key or "").removeprefix(MAIL_OF)
    if not (mail.dedupe_key or "").startswith(MAIL_OF) or not number.isdigit():
        return None
    source = Message.objects.filter(pk=int(number)).select_related("user").first()
    if source is None or not source.payload or source.kind not in _kinds or not _kinds[source.kind].is_kept:
        return None
    again, lasting = _mail_of(source)
    return mail_payload(again, lasting)


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
