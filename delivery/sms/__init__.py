"""Text messages: what a provider must do, two that need none, and the text itself."""

from delivery.sms.base import PermanentFailure, Receipt, ReceiptState, SmsBackend, TemporaryFailure
from delivery.sms.choice import backend, is_on

__all__ = [
    "PermanentFailure",
    "Receipt",
    "ReceiptState",
    "SmsBackend",
    "TemporaryFailure",
    "backend",
    "is_on",
]
