"""The mail of the town: taken from the outbox, then delivered."""

import re

from delivery.mail import KIND
from delivery.models import DeliveryState, Message
from delivery.services import drain


def newest_to(address: str) -> Message:
    """The newest mail to somebody, handed to the provider."""
    while drain(limit=1000):
        pass
    message: Message = Message.objects.filter(kind=KIND, recipient=address).latest("pk")
    assert message.state == DeliveryState.DELIVERED
    return message


def link_in(message: Message) -> str:
    """The first address in its text."""
    found = re.search(r"https?://\S+", message.payload["text"])
    assert found, message.payload["text"]
    return found[0]
