"""Text messages through the outbox."""

from django.conf import settings
from django.utils import translation

from accounts.language import language_of
from delivery.letters import kind_of
from delivery.models import Message, Way
from delivery.phones import number_of
from delivery.services import NotDeliverable, enqueue, register
from delivery.sms.base import PermanentFailure
from delivery.sms.choice import backend, is_on
from delivery.sms.text import fit

KIND = "sms"
CODE = "sms-code"


@register(KIND)
def deliver_text(message: Message) -> str | None:
    """Hands a letter's short form to the provider, if the number is still its reader's."""
    user = message.user
    if user is None or number_of(user) != message.recipient:
        raise NotDeliverable("the number is no longer confirmed")
    with translation.override(language_of(user, message.tenant_id)):
        content = kind_of(message.payload["letter"]).write(message.payload["data"])
    return _send(message, fit(content.sms, content.sms_link))


@register(CODE, keep=())
def deliver_code(message: Message) -> str | None:
    """Hands the text with a code to the provider. Afterwards it is dropped."""
    return _send(message, fit(message.payload["text"]))


def _send(message: Message, text: str) -> str | None:
    if not is_on():
        raise PermanentFailure("no provider of text messages is set (SMS_BACKEND)")
    provider = backend()
    named = provider.send(message.recipient, text, reference=f"portal-{message.pk}")
    if settings.DEMO:
        # For the page of sent messages.
        message.payload["text"] = text
    return named[:100] if provider.gives_receipts else None


def put_code(*, user_id: int, tenant_id: int | None, number: str, text: str) -> Message:
    """The text with a code, on its way to a number that is not confirmed yet."""
    return enqueue(
        kind=CODE,
        recipient=number,
        payload={"text": text},
        tenant_id=tenant_id,
        user_id=user_id,
        channel=Way.SMS,
    )
