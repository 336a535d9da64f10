"""Mail through the outbox."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from accounts.models import User
from delivery.board import put_notices
from delivery.models import Message, Notice, Topic, Way
from delivery.services import enqueue, register
from delivery.tenants import sender_for

KIND = "mail"
# A mail after which also its address is forgotten.
FAREWELL = "farewell"


class OutboxEmailBackend(BaseEmailBackend):
    """Django's mail API; each recipient becomes one message, in the sender's transaction.

    A mail whose `portal_user` is set belongs to that account, also where the address is no more its own; with
    `portal_notice` it is a notice in the portal too, of a change that its owner should know of.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many mails were taken."""
        for mail in email_messages:
            for recipient in mail.recipients():
                owner = getattr(mail, "portal_user", None) or _owner_of(recipient)
                put_mail(mail, recipient=recipient, owner=owner)
                if owner is not None and getattr(mail, "portal_notice", False):
                    put_notices([_notice(mail, owner)])
        return len(email_messages)


def put_mail(
    mail: EmailMessage,
    *,
    recipient: str,
    owner: User | None,
    dedupe_key: str | None = None,
    kind: str = KIND,
    lasting_subject: str = "",
    about: str = "",
) -> Message:
    """The mail as a message to one recipient; the one that exists for a known `dedupe_key`.

    Args:
        lasting_subject: What is kept of the subject once the mail is gone, where that names people.
        about: What it is about, such as "event-12".
    """
    return enqueue(
        kind=kind,
        recipient=recipient,
        payload=mail_payload(mail, lasting_subject),
        channel=Way.EMAIL,
        about=about,
        dedupe_key=dedupe_key,
        tenant_id=owner.tenant_id if owner else None,
        user_id=owner.pk if owner else None,
    )


def mail_payload(mail: EmailMessage, lasting_subject: str = "") -> dict[str, Any]:
    """The mail as a message keeps it."""
    if mail.attachments:
        raise ValueError("mails through the outbox carry no attachments: link to the file")
    alternatives = mail.alternatives if isinstance(mail, EmailMultiAlternatives) else []
    html = next((str(part[0]) for part in alternatives if part[1] == "text/html"), "")
    headers: Mapping[str, str] = mail.extra_headers
    return {
        "subject": mail.subject,
        "text": str(mail.body),
        "html": html,
        "from": mail.from_email,
        "headers": dict(headers),
    } | ({"lasting_subject": lasting_subject} if lasting_subject else {})


def _notice(mail: EmailMessage, owner: User) -> Notice:
    return Notice(user=owner, topic=Topic.SECURITY, title=str(mail.subject), body=str(mail.body).strip())


def _owner_of(address: str) -> User | None:
    # Also by an address that is not confirmed yet, as the mail to confirm it goes there.
    known = User.objects.filter(email=address) | User.objects.filter(emailaddress__email=address.lower())
    owner: User | None = known.first()
    return owner


@register(KIND, keep=("subject",))
def deliver_mail(message: Message) -> None:
    """Hands the mail to the provider. Afterwards the text is dropped, as it may hold a link that opens an
    account; in the demonstration it stays, for the page of sent mail."""
    content = message.payload
    mail = EmailMultiAlternatives(
        content["subject"],
        content["text"],
        sender_for(message.tenant_id, content["from"]),
        [message.recipient],
        connection=get_connection(settings.DELIVERY_EMAIL_BACKEND),
        headers=content.get("headers"),
    )
    if content["html"]:
        mail.attach_alternative(content["html"], "text/html")
    mail.send()


@register(FAREWELL, keep=(), forget_recipient=True)
def deliver_farewell(message: Message) -> None:
    """The last mail to a closed account; once it is gone, so is the address."""
    deliver_mail(message)
