"""Rows of the first system's tables, from an SQL dump (plain or gzip) or a folder of CSV files."""

import csv
import gzip
import re
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, cast

from common.errors import PortalError

# What the tables must have; users may lack what nobody filled.
COLUMNS = {
    "entities": ("entity_id", "entity_type"),
    "users": ("account_id", "email", "first_name", "last_name", "org_id", "approval_status"),
    "organizations": ("org_id", "org_name", "coordinates"),
    "meters": ("meter_id", "coordinates"),
    "meter_map": ("entity_id", "meter_id"),
    "meter_data": ("meter_id", "start_time", "end_time", "meter_value", "prediction_value", "delta_value"),
    "drp_periods": ("drp_id", "start_time", "end_time"),
}
MAX_STATEMENT = 64_000_000

Row = dict[str, str | None]

_INSERT = re.compile(r"INSERT (?:IGNORE )?INTO [`\"]?(\w+)[`\"]?\s*(?:\(([^)]*)\))?\s*VALUES\s*", re.IGNORECASE)
_CREATE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?[`\"]?(\w+)[`\"]?\s*\(", re.IGNORECASE)
_COLUMN = re.compile(r"\s*[`\"](\w+)[`\"]\s+\w")
_VALUE = re.compile(
    r"\s*(?:(?:_binary\s+)?'((?:[^'\\]|\\.|'')*)'"
    r"|(NULL)|(0x[0-9A-Fa-f]+)|([-+]?[0-9.][-+0-9.eE]*)"
    r"|(?:ST_)?(?:GeomFromText|PointFromText)\(\s*'([^']*)'(?:\s*,\s*\d+)?\s*\))\s*([,)])",
    re.DOTALL | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}


class DumpUnreadable(PortalError):
    """The dump as a whole cannot be used; the sentence says what is wrong with it."""


class Dump:
    """One dump, read anew for each question: its tables come in the order of the alphabet, not in that of need.

    Raises:
        DumpUnreadable: There is nothing at the path, or none of the tables.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise DumpUnreadable(f"There is no {path}.")

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of one table, each with the table's columns; what the dump does not have is None.

        Raises:
            DumpUnreadable: The table's text makes no sense.
        """
        return self._files(table) if self.path.is_dir() else self._statements(table)

    def tables(self) -> set[str]:
        """Which of the tables the dump has."""
        if self.path.is_dir():
            return {name for name in COLUMNS if (self.path / f"{name}.csv").exists()}
        with self._open() as stream:
            found = {
                match.group(1) for line in stream for match in [_CREATE.match(line) or _INSERT.match(line)] if match
            }
        return found & set(COLUMNS)

    def _files(self, table: str) -> Iterator[Row]:
        path = self.path / f"{table}.csv"
        if not path.exists():
            return
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = _missing(table, reader.fieldnames or ())
            if missing:
                raise DumpUnreadable(f"{path} has no column {', '.join(missing)}.")
            for row in reader:
                yield {name: _known(row.get(name)) for name in COLUMNS[table]}

    def _open(self) -> IO[str]:
        with self.path.open("rb") as stream:
            opener = gzip.open if stream.read(2) == b"\x1f\x8b" else open
        # Points are bytes that are no text, and lines end where the server ended them.
        opened = opener(self.path, "rt", encoding="utf-8", errors="surrogateescape", newline="\n")
        return cast(IO[str], opened)

    def _statements(self, table: str) -> Iterator[Row]:
        columns: list[str] = []
        with self._open() as stream:
            for line in stream:
                created, inserted = _CREATE.match(line), _INSERT.match(line)
                if created and created.group(1) == table:
                    columns = _columns_of(stream)
                elif inserted and inserted.group(1) == table:
                    named = [name.strip(' `"') for name in (inserted.group(2) or "").split(",") if name.strip()]
                    text = _whole(line[inserted.end() :], stream)
                    yield from self._values(table, named or columns, text)

    def _values(self, table: str, columns: Collection[str], text: str) -> Iterator[Row]:
        missing = _missing(table, columns)
        if missing:
            raise DumpUnreadable(f"The table {table} of {self.path} has no column {', '.join(missing)}.")
        for values in _tuples(text, f"{self.path}, table {table}"):
            if len(values) != len(columns):
                raise DumpUnreadable(f"A row of {table} has {len(values)} values for {len(columns)} columns.")
            row = dict(zip(columns, values, strict=True))
            yield {name: row.get(name) for name in COLUMNS[table]}


def _missing(table: str, columns: Collection[str]) -> list[str]:
    # Coordinates and the derived delta can do without.
    optional = {"coordinates", "delta_value", "prediction_value", "first_name", "last_name"}
    return [name for name in COLUMNS[table] if name not in columns and name not in optional]


def _columns_of(stream: IO[str]) -> list[str]:
    columns = []
    for line in stream:
        found = _COLUMN.match(line)
        if found:
            columns.append(found.group(1))
        if line.startswith(")"):
            break
    return columns


def _whole(first: str, stream: IO[str]) -> str:
    """The statement to its end: a dump may break it into lines."""
    parts, size = [], 0
    for line in chain([first], stream):
        parts.append(line)
        size += len(line)
        if size > MAX_STATEMENT:
            raise DumpUnreadable("A statement of the dump never ends.")
        if line.rstrip().endswith(";"):
            break
    return "".join(parts)


def _tuples(text: str, where: str) -> Iterator[list[str | None]]:
    """The values of `(1,'a'),(2,'b');`."""
    at = text.find("(")
    while at >= 0:
        values: list[str | None] = []
        at += 1
        while True:
            match = _VALUE.match(text, at)
            if match is None:
                raise DumpUnreadable(f"{where}: “{text[at : at + 40]}” makes no sense.")
            values.append(_text(match))
            at = match.end()
            if match.group(6) == ")":
                break
        yield values
        rest = text[at : at + 2].lstrip()
        if not rest.startswith(","):
            return
        at = text.find("(", at)


def _text(match: re.Match[str]) -> str | None:
    quoted, null, hexadecimal, number, point, _end = match.groups()
    if quoted is not None:
        return _ESCAPE.sub(lambda found: _ESCAPES.get(found.group(1) or "'", found.group(1) or "'"), quoted)
    return None if null else hexadecimal or number or point


def _known(text: str | None) -> str | None:
    return None if text is None or text in ("", "NULL", "\\N") else text
