"""Sends the reader one kind of invented text again and again in a process of its own; prints by how many MB it grew."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from openadr.errors import MessageError
from openadr.tests.hostile.messages import poll
from openadr.tests.hostile.reading import memory_mb
from openadr.vtn20b.safe import parse

SENT_MB = 80
_BLANKS = bytes.maketrans(bytes(range(256)), bytes((32, 9, 10)[byte % 3] for byte in range(256)))


def unfinished_tags() -> str:
    return "<" + "n" + os.urandom(24_000).hex()


def instructions() -> str:
    return poll(after="".join(f"<?p{os.urandom(20).hex()} '?>" for _ in range(4_500)))


def blanks() -> str:
    return poll(after="".join(f"<b/>{os.urandom(58).translate(_BLANKS).decode()}" for _ in range(3_000)))


def references() -> str:
    return poll("".join(f"&n{os.urandom(20).hex()};" for _ in range(4_500)))


def references_of_attributes() -> str:
    return poll(poll=f' ei:extra="{"".join(f"&n{os.urandom(20).hex()};" for _ in range(4_500))}"')


def names() -> str:
    return poll(after="".join(f"<n{os.urandom(20).hex()}/>" for _ in range(4_500)))


def main(make: Callable[[], str]) -> None:
    """The first messages warm up."""
    sent = 0
    before = memory_mb()
    while sent < SENT_MB * 1_000_000:
        body = make().encode()
        sent += len(body)
        with suppress(MessageError):
            parse(body)
    print(memory_mb() - before)  # noqa: T201


if __name__ == "__main__":
    main(globals()[sys.argv[1]])
