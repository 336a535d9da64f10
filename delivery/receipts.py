"""What providers say became of a message, and what is said where they say nothing."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from delivery.models import Attempt, DeliveryState, Message
from delivery.sms.base import Receipt, ReceiptState

# How long a receipt may take; providers give a phone that is off two or three days.
PATIENCE = timedelta(hours=72)
SILENT = "no receipt came within 72 hours"
BATCH = 500


def note_receipts(receipts: Iterable[Receipt]) -> int:
    """How many messages changed; unknown names, and what was said before, change nothing."""
    return sum(_note(receipt) for receipt in receipts)


@transaction.atomic
def _note(receipt: Receipt) -> bool:
    if receipt.state == ReceiptState.SENT or not receipt.provider_id:
        return False
    rows = Message.objects.select_for_update().filter(provider_id=receipt.provider_id)
    message = rows.order_by("-id").first()
    if message is None or not _may_follow(message.state, receipt.state):
        return False
    arrived = receipt.state == ReceiptState.DELIVERED
    _end(message, DeliveryState.DELIVERED if arrived else DeliveryState.UNREACHABLE)
    if not arrived:
        Attempt.objects.create(message=message, error=_reason(message, receipt))
    return True


def _may_follow(state: str, said: ReceiptState) -> bool:
    """What arrived stays so, whatever comes late or twice; what was thought lost may have arrived."""
    if state == DeliveryState.SENT:
        return True
    return state == DeliveryState.UNREACHABLE and said == ReceiptState.DELIVERED


def _reason(message: Message, receipt: Receipt) -> str:
    said = receipt.reason.replace(message.recipient.removeprefix("+"), "…") if message.recipient else receipt.reason
    return f"the provider says: {said or 'not delivered'}"


def _end(message: Message, state: DeliveryState) -> None:
    values: dict[str, Any] = {"state": state, "finished_at": timezone.now()}
    Message.objects.filter(pk=message.pk).update(**values)


def give_up_silent() -> int:
    """How many messages are given up because no receipt came for days."""
    late = Message.objects.filter(state=DeliveryState.SENT, next_attempt_at__lt=timezone.now() - PATIENCE)
    count = 0
    for pk in list(late.order_by("id").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            row = Message.objects.select_for_update().filter(pk=pk, state=DeliveryState.SENT).first()
            if row is not None:
                _end(row, DeliveryState.UNREACHABLE)
                Attempt.objects.create(message=row, error=SILENT)
                count += 1
    return count
