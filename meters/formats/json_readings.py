"""Readings as JSON: one object a line (NDJSON), or a list, alone or as {"readings": [...]}.

A start says its offset from UTC, unless a zone is given with the file. Rows of NDJSON count from 1 like any
lines, entries of a list from 0.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from common.units import WH_PER_UNIT
from meters.errors import UnreadableFile
from meters.formats import fast
from meters.formats.base import Batch, Context, RowProblem, Rows
from meters.formats.blocks import Block, merged, qualities_of, resolve
from meters.formats.json_rows import DECODER, pattern_like, texts_of
from meters.formats.lines import MAX_LINE_BYTES, Lines
from meters.formats.sources import WRONG_VALUE, Sources, Texts, check_end, problem_of, quality_of, take
from meters.formats.values import Clock, OffsetClock, energy_wh

_LIST = re.compile(r'\s*(\{\s*"readings"\s*:\s*)?\[')
_BETWEEN = re.compile(r"(?<=\})[ \t\r\n]*,[ \t\r\n]*(?=\{)")
_TAIL = re.compile(r"\}[ \t\r\n]*\][ \t\r\n]*\}?[ \t\r\n]*\Z")
_SPACE = re.compile(r"[ \t\r\n]*")


def recognises_ndjson(head: str) -> bool:
    """Whether the text begins with a line that is a whole object."""
    line = head.partition("\n")[0].strip()
    return head.startswith("{") and line.endswith("}") and '"readings"' not in line


def recognises_json(head: str) -> bool:
    """Whether the text begins as a list or an object."""
    return head.startswith(("[", "{"))


def read_json(rows: Iterable[object], context: Context) -> Batch:
    """The usable ones of rows that are parsed already; the others, of unknown meters too, are problems."""
    kept, sources = Rows(), _sources(context)
    for number, row in enumerate(rows):
        texts = Texts("", "", "")
        try:
            texts, unit = texts_of(row)
            source = sources.get(texts.name)
            if source is None:
                raise ValueError("there is no such meter")
            start = source.clock.start(texts.start)
            if texts.end:
                check_end(source, start, texts.end)
            kept.add(number, source.id, start, energy_wh(texts.value, unit), quality_of(texts.quality))
        except WRONG_VALUE as problem:
            kept.problems.append(_problem(number, row, problem))
    return kept.batch()


def read_ndjson(lines: Lines, context: Context) -> Iterator[Batch]:
    """The readings of a file with one object a line, in batches."""
    reader, given = _Objects(lines, context), iter(lines)
    while chunk := lines.take_chunk():
        first = lines.number + 1
        batch = reader.quickly(_plain_lines(chunk), first)
        if batch is not None:
            lines.skip(len(batch[1]))
            yield batch[0]
            continue
        lines.put_back(chunk)
        rows = Rows()
        while lines.pending:
            line = next(given)
            reader.line(line, lines.number, rows)
        yield rows.batch()


def read_json_list(lines: Lines, context: Context) -> Iterator[Batch]:
    """The readings of a list, alone or in an object as “readings”, in batches.

    Raises:
        UnreadableFile: It is no such list, broken, nested too deeply, or has an entry without end.
    """
    yield from _List(lines, _Objects(lines, context)).batches()


class _Objects:
    """Reads objects one by one or, where they all look like the first one, all at once."""

    def __init__(self, lines: Lines, context: Context) -> None:
        if context.meter:
            raise lines.refusal("names its meters in its entries; leave out --meter")
        self.sources = _sources(context)

    def line(self, line: str, number: int, rows: Rows) -> None:
        """Takes one line."""
        if not line.strip():
            return
        try:
            value = DECODER.decode(line)
        except (json.JSONDecodeError, RecursionError) as problem:
            what = problem.msg.lower() if isinstance(problem, json.JSONDecodeError) else "nested too deeply"
            rows.problems.append(RowProblem(number, "", "", f"is not valid JSON: {what}"[:200]))
            return
        self.value(value, number, rows)

    def value(self, value: object, number: int, rows: Rows) -> None:
        """Takes one parsed object."""
        try:
            texts, unit = texts_of(value)
        except ValueError as problem:
            rows.problems.append(_problem(number, value, problem))
            return
        take(rows, number, texts, self.sources, unit)

    def quickly(self, pieces: list[str] | None, first: int, *, every: bool = False) -> tuple[Batch, list[str]] | None:
        """The pieces as readings numbered from `first`; None if they are few, or not (`every`) like the first one."""
        like = _like(pieces[0]) if pieces else None
        if pieces is None or like is None:
            return None
        pattern, energy = like
        groups, plain = fast.matches(pieces, pattern)
        if every and not plain.all():
            return None
        energies, sure = fast.energies_of(groups[energy], WH_PER_UNIT["kWh" if energy == "kwh" else "Wh"])
        plain, qualities = plain & sure, None
        if "quality" in groups:
            qualities, named = qualities_of(fast.coded(groups["quality"]))
            plain = plain & named
        block = Block(
            rows=np.arange(first, first + len(pieces)),
            names=fast.coded(groups["meter"]),
            starts=fast.coded(groups["start"]),
            energies_wh=energies,
            plain=plain,
            ends=fast.coded(groups["end"]) if "end" in groups else None,
            qualities=qualities,
        )
        batch, left = resolve(block, self.sources)
        rows = Rows()
        for at in np.flatnonzero(left).tolist():
            self.line(pieces[at], first + at, rows)
        return merged(batch, rows.batch()), pieces


class _List:
    """Takes a list apart as its text arrives: `at` is how far `text` is dealt with."""

    def __init__(self, lines: Lines, reader: _Objects) -> None:
        self.lines, self.reader = lines, reader
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.blocks = lines.blocks()
        self.text, self.at, self.count, self.ended = "", 0, 0, False
        self.after_entry = False

    def batches(self) -> Iterator[Batch]:
        """Everything, in batches."""
        wrapped = self._open()
        while (sign := self._next_sign()) != "]":
            if not sign:
                self._more()
            else:
                batch = self._quickly()
                yield self._exactly() if batch is None else batch
        self.at += 1
        self._close("}" if wrapped else "")

    def _open(self) -> bool:
        self._more()
        found = _LIST.match(self.text)
        if found is None:
            raise self.lines.refusal('is JSON, but neither a list of readings nor {"readings": [...]}')
        self.at = found.end()
        return bool(found[1])

    def _close(self, brace: str) -> None:
        while not self.ended:
            if len(self.text) - self.at > MAX_LINE_BYTES:
                break
            self._more()
        if self.text[self.at :].strip() != brace:
            raise self.lines.refusal("goes on after its list of readings, or is cut off there")

    def _more(self) -> None:
        if self.ended:
            raise self.lines.refusal(f"ends in the middle of its list, after {self.count:,} entries")
        self.text, self.at = self.text[self.at :], 0
        if len(self.text) > MAX_LINE_BYTES:
            raise self.lines.refusal(f"has an entry longer than {MAX_LINE_BYTES:,} characters (entry {self.count})")
        block = next(self.blocks, b"")
        self.ended = not block
        try:
            self.text += self.decoder.decode(block, final=self.ended)
        except UnicodeDecodeError:
            raise self.lines.refusal(f"is not text in UTF-8 (after entry {self.count})") from None

    def _next_sign(self) -> str:
        """The sign with which the next entry or the list's end begins; empty if the text ends before."""
        self._skip_space()
        if self.after_entry and self.text[self.at : self.at + 1] == ",":
            self.at, self.after_entry = self.at + 1, False
            self._skip_space()
            if self.text[self.at : self.at + 1] == "]":
                raise self._broken()
        elif self.after_entry and self.text[self.at : self.at + 1] not in ("", "]"):
            raise self._broken()
        return self.text[self.at : self.at + 1]

    def _skip_space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _quickly(self) -> Batch | None:
        end = self.text.rfind("}") + 1
        tail = _TAIL.search(self.text, max(len(self.text) - 200, self.at))
        end = tail.start() + 1 if tail else end
        if end - self.at < fast.FEWEST_BYTES:
            return None
        found = self.reader.quickly(_BETWEEN.split(self.text[self.at : end]), self.count, every=True)
        if found is None:
            return None
        self.count += len(found[1])
        self.at, self.after_entry = end, True
        return found[0]

    def _exactly(self) -> Batch:
        rows = Rows()
        while self._next_sign() not in ("", "]") and self._take_entry(rows):
            pass
        return rows.batch()

    def _take_entry(self, rows: Rows) -> bool:
        """Whether there was a whole entry; else more text is asked for."""
        try:
            value, end = DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError:
            if self.ended:
                raise self._broken() from None
            self._more()
            return False
        except RecursionError:
            raise self.lines.refusal(f"is nested too deeply (entry {self.count})") from None
        if end == len(self.text) and not self.ended:
            self._more()  # a number could go on
            return False
        self.reader.value(value, self.count, rows)
        self.at, self.count, self.after_entry = end, self.count + 1, True
        return True

    def _broken(self) -> UnreadableFile:
        return self.lines.refusal(f"is not valid JSON (entry {self.count})")


def _sources(context: Context) -> Sources:
    return Sources(context, Clock if context.zone else OffsetClock)


def _like(piece: str) -> tuple[str, str] | None:
    try:
        return pattern_like(DECODER.decode(piece))
    except (ValueError, RecursionError):
        return None


def _plain_lines(chunk: bytes) -> list[str] | None:
    if len(chunk) < fast.FEWEST_BYTES or b"\0" in chunk:
        return None
    try:
        pieces = chunk.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        return None
    return pieces if max(map(len, pieces)) * 4 < MAX_LINE_BYTES else None


def _problem(number: int, row: object, problem: Exception) -> RowProblem:
    values = row if isinstance(row, Mapping) else {}
    name, start = (str(values.get(key) or "") for key in ("meter", "start"))
    return problem_of(number, name.strip(), start, problem)
