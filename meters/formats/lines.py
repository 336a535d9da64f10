"""Lines of a text file, plain or gzip, in bounded memory whatever the file is."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from meters.errors import UnreadableFile

MAX_LINE_BYTES = 1_000_000
_GZIP = b"\x1f\x8b"
_ARCHIVES = {b"PK\x03\x04": "a spreadsheet or ZIP archive", b"%PDF": "a PDF"}

Progress = Callable[[int, int], None]


class Lines:
    """The lines of one file with their numbers; `first` is the first one that is not empty, not yet consumed.

    Raises:
        UnreadableFile: It cannot be opened, is empty, is no UTF-8 text or has an endless line; the sentence
            names the file.
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self.path, self.progress = path, progress
        self.number = 0
        try:
            self.size = path.stat().st_size
            self._raw = path.open("rb")
        except OSError as problem:
            raise UnreadableFile(f"{path} cannot be read: {problem.strerror}.") from None
        self._stream = self._unpacked()
        self.first = self._first()

    def close(self) -> None:
        """Lets go of the file."""
        self._raw.close()

    def __iter__(self) -> Iterator[str]:
        """Every line from `first` on; `number` counts from 1."""
        if self.first:
            yield self.first
        while line := self._line():
            yield line

    def _unpacked(self) -> BinaryIO:
        head = self._peek()
        for magic, name in _ARCHIVES.items():
            if head.startswith(magic):
                raise self.refusal(f"is {name}; save it as CSV first")
        return cast(BinaryIO, gzip.GzipFile(fileobj=self._raw)) if head.startswith(_GZIP) else self._raw

    def _peek(self) -> bytes:
        try:
            return self._raw.peek(8)[:8]
        except OSError as problem:  # a folder opens, but cannot be read
            raise self.refusal(f"cannot be read: {problem.strerror}") from None

    def _first(self) -> str:
        while line := self._line():
            if line.strip():
                return line.removeprefix("\ufeff")
        raise self.refusal("is empty")

    def _line(self) -> str:
        data = self._bytes()
        self.number += 1
        if len(data) > MAX_LINE_BYTES:
            raise self.refusal(f"has a line longer than {MAX_LINE_BYTES:,} bytes (row {self.number})")
        if b"\0" in data:
            raise self.refusal(f"is not a text file (row {self.number})")
        if self.progress and not self.number % 5_000:
            self.progress(self._raw.tell(), self.size)
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self.refusal(f"is not text in UTF-8 (row {self.number})") from None

    def _bytes(self) -> bytes:
        try:
            return self._stream.readline(MAX_LINE_BYTES + 1)
        except (OSError, EOFError, zlib.error):
            raise self.refusal(f"is damaged or cut off after row {self.number}") from None

    def refusal(self, what: str) -> UnreadableFile:
        """The error to raise about the file, which is closed: its name, then `what`."""
        self.close()
        return UnreadableFile(f"{self.path.name} {what}.")
