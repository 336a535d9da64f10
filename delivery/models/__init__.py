"""What is to be delivered and how it went; what people are told, and where they want it."""

from delivery.models.job import FailedJob
from delivery.models.message import Attempt, DeliveryState, Message, MessageQuerySet, Way
from delivery.models.notice import Channel, Notice, NotificationChoice, Topic
from delivery.models.phone import Phone
from delivery.models.sent_request import SentRequest

__all__ = [
    "Attempt",
    "Channel",
    "DeliveryState",
    "FailedJob",
    "Message",
    "MessageQuerySet",
    "Notice",
    "NotificationChoice",
    "Phone",
    "SentRequest",
    "Topic",
    "Way",
]
