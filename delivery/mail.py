"""Mail through the outbox."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from accounts.models import User
from delivery.models import Message
from delivery.services import enqueue, register

KIND = "mail"


class OutboxEmailBackend(BaseEmailBackend):
    """Django's mail API; each recipient becomes one message, in the sender's transaction."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many mails were taken."""
        for mail in email_messages:
            for recipient in mail.recipients():
                enqueue(kind=KIND, recipient=recipient, payload=_payload(mail), tenant_id=_tenant_of(recipient))
        return len(email_messages)


def _payload(mail: EmailMessage) -> dict[str, Any]:
    if mail.attachments:
        raise ValueError("mails through the outbox carry no attachments: link to the file")
    alternatives = mail.alternatives if isinstance(mail, EmailMultiAlternatives) else []
    html = next((str(part[0]) for part in alternatives if part[1] == "text/html"), "")
    return {"subject": mail.subject, "text": str(mail.body), "html": html, "from": mail.from_email}


def _tenant_of(address: str) -> int | None:
    # Also by an address that is not confirmed yet, as the mail to confirm it goes there.
    known = User.objects.filter(email=address) | User.objects.filter(emailaddress__email=address.lower())
    tenant_id: int | None = known.values_list("tenant_id", flat=True).first()
    return tenant_id


@register(KIND)
def deliver_mail(message: Message) -> None:
    """Hands the mail to the provider. Afterwards the text is dropped, as it may hold a link that opens an
    account; in the demonstration it stays, for the page of sent mail."""
    content = message.payload
    mail = EmailMultiAlternatives(
        content["subject"],
        content["text"],
        content["from"],
        [message.recipient],
        connection=get_connection(settings.DELIVERY_EMAIL_BACKEND),
    )
    if content["html"]:
        mail.attach_alternative(content["html"], "text/html")
    mail.send()
    if not settings.DEMO:
        message.payload = {"subject": content["subject"]}
