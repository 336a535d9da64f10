"""A provider of text messages for tests: it keeps what it was given, and fails as it is told."""

from typing import ClassVar

from delivery.sms import SmsBackend


class Provider(SmsBackend):
    """Takes every message, unless `refuses` holds what it raises."""

    name = "test-provider"
    gives_receipts = True
    taken: ClassVar[list[tuple[str, str, str]]] = []
    refuses: ClassVar[list[Exception]] = []

    def send(self, to: str, text: str, *, reference: str) -> str:
        if self.refuses:
            raise self.refuses[0]
        self.taken.append((to, text, reference))
        return f"id-{reference}"
