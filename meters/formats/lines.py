"""A file of readings as lines, as chunks of whole lines or as blocks, in bounded memory whatever the file is."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Self, cast

from meters.errors import UnreadableFile

MAX_LINE_BYTES = 1_000_000
MAX_LINES = 6_000_000
BLOCK_BYTES = 1 << 21
# A year of readings packs to a tenth or a thirtieth. What unpacks to far more is a bomb, or no file of readings.
MAX_EXPANSION, FREE_EXPANSION = 100, 64 << 20
_HEAD_CHARACTERS = 4_000
_GZIP = b"\x1f\x8b"
_OTHERS = {
    b"PK\x03\x04": "is a spreadsheet or ZIP archive; save it as CSV first",
    b"PK\x05\x06": "is an empty ZIP archive",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet; save it as CSV first",
    b"%PDF": "is a PDF; save it as CSV first",
    b"PAR1": "is a parquet file; save it as CSV first",
    b"BZh": "is packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "is packed with xz; unpack it, or pack it with gzip",
    b"7z\xbc\xaf": "is a 7z archive; unpack it, or pack the file with gzip",
    b"(\xb5/\xfd": "is packed with zstd; unpack it, or pack it with gzip",
    b"\xff\xfe": "is text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "is text in UTF-16; save it as UTF-8",
}

Progress = Callable[[int, int], None]


class Lines:
    """One file, read once, in whichever way its format needs.

    `head` is how its text begins. Of a table, `first` is the first line that is not empty, not yet consumed; JSON
    and XML may be one line without end, so theirs is only looked at (`first` equals `head`). `number` is the line
    last given out, counted from 1.

    Raises:
        UnreadableFile: It cannot be opened, is empty, is no UTF-8 text, unpacks to too much or has an endless
            line; the sentence names the file.
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        try:
            size = path.stat().st_size
            raw = path.open("rb")
        except OSError as problem:
            raise UnreadableFile(f"{path} cannot be read: {problem.strerror}.") from None
        self.path = path
        self._open(raw, path.name, size, progress, packed=True)

    @classmethod
    def of_stream(cls, stream: BinaryIO, name: str, *, size: int = 0, progress: Progress | None = None) -> Self:
        """The same of a stream, such as the body of a request. It must not be packed.

        Raises:
            UnreadableFile: As above, or it is packed.
        """
        lines = cls.__new__(cls)
        lines.path = Path(name)
        lines._open(stream, name, size, progress, packed=False)
        return lines

    def _open(self, raw: BinaryIO, name: str, size: int, progress: Progress | None, *, packed: bool) -> None:
        self.name, self.size, self.progress, self.number = name, size, progress, 0
        self._raw, self._stream = raw, raw
        self._given = self._limit = 0
        self._lines: list[bytes] = []
        self._at = 0
        self._rest = self._start(packed=packed)
        self.head = self._rest[:_HEAD_CHARACTERS].decode(errors="replace").lstrip()
        self._consumed_first = self.head[:1] not in ("<", "{", "[")
        self.first = self._first() if self._consumed_first else self.head

    def close(self) -> None:
        """Lets go of the file."""
        self._raw.close()

    def refusal(self, what: str) -> UnreadableFile:
        """The error to raise about the file, which is closed: its name, then `what`."""
        self.close()
        return UnreadableFile(f"{self.name} {what}.")

    # Line by line

    def __iter__(self) -> Iterator[str]:
        """Every line from `first` on."""
        if self._consumed_first:
            yield self.first
        while line := self._line():
            yield line

    @property
    def pending(self) -> bool:
        """Whether a line of the chunk put back is not given out yet."""
        return self._at < len(self._lines)

    # Chunk by chunk

    def take_chunk(self) -> bytes:
        """The next whole lines, about a megabyte; empty at the end. The caller then skips or puts them back."""
        chunk = b"".join(self._lines[self._at :]) or self._chunk()
        self._lines, self._at = [], 0
        while chunk.isspace():  # a packed file of nothing but blank lines would take a minute one by one
            self.skip(chunk.count(b"\n"))
            chunk = self._chunk()
        return chunk

    def skip(self, count: int) -> None:
        """So many lines were dealt with."""
        self.number += count
        if self.number > MAX_LINES:
            raise self.refusal(f"has more than {MAX_LINES:,} lines; split it")

    def put_back(self, chunk: bytes) -> None:
        """The chunk will be read line by line after all."""
        self._lines, self._at = list(io.BytesIO(chunk)), 0

    # Block by block

    def blocks(self) -> Iterator[bytes]:
        """All bytes, about a megabyte each, for formats without lines."""
        block, self._rest = self._rest, b""
        while block:
            yield block
            block = self._read()

    def _start(self, *, packed: bool) -> bytes:
        head = self._read()
        if head.startswith(_GZIP):
            if not packed:
                raise self.refusal("is packed with gzip; send it as it is")
            self._raw.seek(0)
            self._stream = cast(BinaryIO, gzip.GzipFile(fileobj=self._raw))
            self._given, self._limit = 0, FREE_EXPANSION + MAX_EXPANSION * self.size
            head = self._read()
        for magic, sentence in _OTHERS.items():
            if head.startswith(magic):
                raise self.refusal(sentence)
        if not head:
            raise self.refusal("is empty")
        return head.removeprefix(codecs.BOM_UTF8)

    def _read(self) -> bytes:
        try:
            block = self._stream.read(BLOCK_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise self.refusal(f"is damaged or cut off after row {self.number}") from None
        except OSError as problem:  # a folder opens, but cannot be read
            raise self.refusal(f"cannot be read: {problem.strerror or 'the connection broke'}") from None
        self._given += len(block)
        if self._limit and self._given > self._limit:
            raise self.refusal(f"unpacks to more than {self._limit >> 20:,} MB; a file of readings does not")
        if self.progress:
            self.progress(self._raw.tell() if self._raw.seekable() else self._given, self.size)
        return block

    def _chunk(self) -> bytes:
        parts, size, cut = [self._rest], len(self._rest), self._rest.rfind(b"\n") + 1
        if cut:
            chunk, self._rest = self._rest[:cut], self._rest[cut:]
            return chunk
        while size <= MAX_LINE_BYTES and (block := self._read()):
            cut = block.rfind(b"\n") + 1
            if cut:
                self._rest = block[cut:]
                return b"".join([*parts, block[:cut]])
            parts.append(block)
            size += len(block)
        self._rest = b""
        return b"".join(parts)

    def _first(self) -> str:
        while line := self._line():
            if line.strip():
                return line
        raise self.refusal("is empty")

    def _line(self) -> str:
        if not self.pending:
            chunk = self.take_chunk()
            if not chunk:
                return ""
            self.put_back(chunk)
        data = self._lines[self._at]
        self._at += 1
        self.skip(1)
        return self._text(data)

    def _text(self, data: bytes) -> str:
        if len(data) > MAX_LINE_BYTES:
            raise self.refusal(f"has a line longer than {MAX_LINE_BYTES:,} bytes (row {self.number})")
        if b"\0" in data:
            raise self.refusal(f"is not a text file (row {self.number})")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self.refusal(f"is not text in UTF-8 (row {self.number})") from None
