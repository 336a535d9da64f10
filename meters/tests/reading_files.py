"""How the tests of meter formats read a text: everything that a file gives, or the sentence that refuses it."""

import gzip
import io
from collections import Counter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from meters.errors import UnreadableFile
from meters.formats import Context, KnownMeter, Lines, RowProblem, format_of

NEW_YORK = ZoneInfo("America/New_York")


class Found(NamedTuple):
    """All batches of a file: readings as (row, meter id, start, Wh, quality), reads of registers without quality."""

    readings: list[tuple[int, ...]]
    registers: list[tuple[int, ...]]
    problems: list[RowProblem]
    unknown: Counter[str]
    notes: list[str]

    @property
    def wh(self) -> int:
        """The sum of the energies."""
        return sum(reading[3] for reading in self.readings)


def meters(minutes: int = 30, zone: Any = NEW_YORK, **others: KnownMeter) -> dict[str, KnownMeter]:
    """M1 to M3 with ids 1 to 3."""
    return {f"M{number}": KnownMeter(number, zone, minutes) for number in (1, 2, 3)} | others


def read(content: str | bytes, context: Context | None = None) -> Found:
    """What the content holds.

    Raises:
        UnreadableFile: It is refused.
    """
    data = content.encode() if isinstance(content, str) else content
    lines = Lines.of_stream(io.BytesIO(data), "file")
    found = Found([], [], [], Counter(), [])
    for batch in format_of(lines).read(lines, context or Context(meters())):
        columns = (batch.rows, batch.meter_ids, batch.starts, batch.energies_wh, batch.qualities)
        found.readings.extend(zip(*(column.tolist() for column in columns), strict=True))
        reads = batch.registers
        columns = (reads.rows, reads.meter_ids, reads.ats, reads.values_wh)
        found.registers.extend(zip(*(column.tolist() for column in columns), strict=True))
        found.problems.extend(batch.problems)
        found.unknown.update(batch.unknown)
        found.notes.extend(batch.notes)
    return found._replace(readings=sorted(found.readings), problems=sorted(found.problems))


def outcome(content: str | bytes, context: Context | None = None) -> Found | str:
    """The same, or the sentence of the refusal."""
    try:
        return read(content, context)
    except UnreadableFile as refusal:
        return str(refusal)


def packed(data: bytes) -> bytes:
    """The data in gzip, the same bytes each time."""
    return gzip.compress(data, mtime=0)
