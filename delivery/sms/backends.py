"""Providers for development and demonstration: nothing leaves the computer."""

import json
import sys
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from delivery.sms.base import SmsBackend


class ConsoleBackend(SmsBackend):
    """Prints what would be sent."""

    name = "console"

    def send(self, to: str, text: str, *, reference: str) -> str:
        sys.stdout.write(f"Text message to {to} ({reference}):\n{text}\n{'-' * 40}\n")
        sys.stdout.flush()
        return reference


class FileBackend(SmsBackend):
    """Writes what would be sent to a file each, under VAR_DIR/sms."""

    name = "file"

    def send(self, to: str, text: str, *, reference: str) -> str:
        folder = settings.SMS_FILE_DIR
        folder.mkdir(parents=True, exist_ok=True)
        now = timezone.now()
        said = {"to": to, "text": text, "reference": reference, "at": now.isoformat()}
        # A name of its own for each: many workers write at once.
        file = folder / f"{now:%Y%m%d-%H%M%S}-{uuid4().hex[:12]}.json"
        file.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n")
        return reference
