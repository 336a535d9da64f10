"""What the portal asks of a provider of text messages.

A provider is one class, named in SMS_BACKEND by its dotted path:

    class OurGateway(SmsBackend):
        name = "our-gateway"
        gives_receipts = True

        def send(self, to, text, *, reference):
            answer = requests.post(URL, json={"to": to, "text": text, "ref": reference}, timeout=10)
            if answer.status_code == 400:
                raise PermanentFailure("the gateway refuses the number")
            if answer.status_code != 200:
                raise TemporaryFailure(f"the gateway answers {answer.status_code}")
            return answer.json()["id"]

Its receipts are posted to /delivery/receipts/our-gateway with the secret SMS_RECEIPT_SECRET.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from delivery.services import NotDeliverable

MOST_RECEIPTS = 500


class TemporaryFailure(Exception):
    """The provider cannot take it now; it is tried again."""


class PermanentFailure(NotDeliverable):
    """The provider will never deliver it, such as to a number that does not exist."""


class ReceiptState(StrEnum):
    """What a receipt says."""

    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class Receipt(NamedTuple):
    """What became of one message, by the provider's name of it."""

    provider_id: str
    state: ReceiptState
    reason: str = ""


class SmsBackend(ABC):
    """A provider. One instance serves a process; it is called by several threads."""

    # Ends the address to which receipts are posted.
    name: ClassVar[str]
    # Whether a message counts as delivered only once its receipt says so.
    gives_receipts: ClassVar[bool] = False

    @abstractmethod
    def send(self, to: str, text: str, *, reference: str) -> str:
        """The provider's own name of the message that it took.

        Args:
            to: E.164, as in "+15555550123".
            text: plain, two parts at most.
            reference: the same at every attempt of one message, for providers that drop what they have already.

        Raises:
            TemporaryFailure: It may work later. Whatever else is raised counts as this too.
            PermanentFailure: It never will.
        """

    def receipts(self, body: bytes, headers: Mapping[str, str]) -> list[Receipt]:
        """What a posted body says; here {"id", "status": sent | delivered | failed, "error"}, or a list of such.

        Raises:
            ValueError: It is nothing of the kind.
        """
        said: Any = json.loads(body)
        rows = said if isinstance(said, list) else [said]
        if len(rows) > MOST_RECEIPTS:
            raise ValueError("too many receipts at once")
        return [_receipt(row) for row in rows]


def _receipt(row: Any) -> Receipt:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not row["id"]:
        raise ValueError("a receipt needs an id")
    return Receipt(row["id"][:100], ReceiptState(row.get("status", "")), str(row.get("error", ""))[:500])
