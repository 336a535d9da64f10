"""The tables of sums as matrices of whole numbers: read, compared and written in the SQL of both databases."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from meters.services.cells import Column, Numbers, Times, times_of
from meters.services.columns import Integers
from meters.services.slots import write_slots

SUMS = (
    "energy_wh",
    "slots",
    "estimated_slots",
    "predicted_slots",
    "predicted_wh",
    "compared_wh",
    "saving_slots",
    "saving_wh",
)
"""The columns that add up."""
COUNTS = [2 + SUMS.index(name) for name in SUMS if name.endswith("slots")]
"""The places of those that count slots, in a matrix of meters; the first counts all of them."""

IDS_PER_STATEMENT = 500
"""Ids in one IN list: from 1000 on MariaDB turns it into a join in an order of its own."""
ROWS_PER_STATEMENT = 5_000
_GONE_PER_STATEMENT = 500
_EPOCH_SECOND = 62_167_219_200  # MariaDB's number of 1970-01-01 00:00
_SHIFT = 34
_EPOCH_DAY = 719_528  # MariaDB's number of 1970-01-01


@dataclass(frozen=True)
class Difference:
    """What has to change in a table: rows to write, and rows that are stored and shall not be as they are.

    Attributes:
        written: rows as they shall be.
        replaced: rows that are stored in place of some of those.
        gone: rows that are stored and shall not be.
    """

    written: Integers
    replaced: Integers
    gone: Integers

    def __len__(self) -> int:
        return len(self.written) + len(self.gone)

    def count_without(self, owners: Sequence[int]) -> int:
        """How many rows differ, but for those of some meters."""
        return len(self.without(owners))

    def without(self, owners: Sequence[int]) -> "Difference":
        """The same, but for the rows of some meters."""
        if not len(owners):
            return self
        rows = (self.written, self.replaced, self.gone)
        return Difference(*(each[~np.isin(each[:, 0], owners)] for each in rows))


@dataclass(frozen=True)
class Table:
    """A table of whole numbers; the last column of its key is a time, or a day.

    A matrix of it has the key's columns first: times as seconds, days as days since 1970.
    """

    name: str
    key: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them, in the order of a matrix."""
        return self.key + self.values

    @property
    def selected(self) -> list[str]:
        """The columns as whole numbers, in SQL."""
        return [_number(name) for name in self.columns]

    def read(self, where: str) -> Integers:
        """The rows of a condition as a matrix, sorted by key."""
        names = self.selected
        if self.key[0] == "meter_id":
            return fetch_of_meters(self.name, names[1:], where)
        listed = ", ".join(names)
        order = ", ".join(self.key)
        return fetch(f"SELECT {listed} FROM {self.name} WHERE {where} ORDER BY {order}", len(names))  # noqa: S608

    def apply(self, change: Difference) -> None:
        """Makes the table what the difference wants."""
        self.delete(change.gone[:, : len(self.key)])
        self.write(change.written)

    def write(self, rows: Integers) -> None:
        """Stores rows; of a key that is there already the values change."""
        for first in range(0, len(rows), ROWS_PER_STATEMENT):
            part = rows[first : first + ROWS_PER_STATEMENT]
            columns = {name: _KINDS.get(name, Numbers)(part[:, at]) for at, name in enumerate(self.columns)}
            write_slots(self.name, columns, overwrite=self.values, key=", ".join(self.key))

    def delete(self, keys: Integers) -> None:
        """Deletes the rows of these keys (a matrix of the key's columns, sorted)."""
        *owner, last = self.key
        firsts = np.flatnonzero(np.any(np.diff(keys[:, :-1], axis=0, prepend=-1) != 0, axis=1))
        for part in np.split(keys, firsts[1:]) if len(keys) else ():
            same = " AND ".join(f"{name} = {value}" for name, value in zip(owner, part[0].tolist(), strict=False))
            for first in range(0, len(part), _GONE_PER_STATEMENT):
                listed = ",".join(_texts(last, part[first : first + _GONE_PER_STATEMENT, -1]))
                with connection.cursor() as cursor:
                    cursor.execute(f"DELETE FROM {self.name} WHERE {same} AND {last} IN ({listed})")  # noqa: S608  # own text


HOURS = Table("meters_hourlyenergy", ("meter_id", "start"), SUMS)
DAYS = Table("meters_dailyenergy", ("meter_id", "day"), (*SUMS, "peak_wh", "peak_start"))
SCOPES = Table("meters_scopehour", ("kind", "scope_id", "start"), (*SUMS, "meters"))


def difference(wanted: Integers, stored: Integers, *, key: int) -> Difference:
    """What turns the stored rows into the wanted ones; both are sorted by their first `key` columns."""
    wanted_keys, stored_keys = _joined(wanted, key), _joined(stored, key)
    place = np.searchsorted(stored_keys, wanted_keys)
    known = np.append(stored_keys, -1)[place] == wanted_keys
    changed = ~known
    changed[known] = np.any(wanted[known] != stored[place[known]], axis=1)
    replaced = stored[place[changed & known]]
    gone = stored[~np.isin(stored_keys, wanted_keys, assume_unique=True)]
    return Difference(wanted[changed], replaced, gone)


def _joined(rows: Integers, key: int) -> Integers:
    """One sortable number per row's key: the rows of one comparison share what comes before its last two columns."""
    return (rows[:, key - 2] << _SHIFT) | rows[:, key - 1]


def fetch(query: str, width: int) -> Integers:
    """The rows of a query of whole numbers as a matrix."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return np.array(cursor.fetchall(), np.int64).reshape(-1, width)


def fetch_of_meters(table: str, columns: Sequence[str], where: str) -> Integers:
    """Whole numbers of a table of meters as a matrix: meter id, then these columns, the first of which sorts.

    On MariaDB a row per meter comes over: the driver makes a Python object of each value, numpy does not.
    """
    if connection.vendor == "sqlite":
        listed = ", ".join(["meter_id", *columns])
        return fetch(f"SELECT {listed} FROM {table} WHERE {where} ORDER BY 1, 2", 1 + len(columns))  # noqa: S608
    lists = ", ".join(f"GROUP_CONCAT({column})" for column in columns)
    query = f"SELECT meter_id, COUNT(*), {lists} FROM {table} WHERE {where} GROUP BY meter_id"  # noqa: S608  # own text
    with connection.cursor() as cursor:
        cursor.execute(f"SET STATEMENT group_concat_max_len = 1073741824 FOR {query}")
        meters, counts, *texts = list(zip(*cursor.fetchall(), strict=True)) or [()] * (2 + len(columns))
    numbers = [np.fromstring(",".join(each), np.int64, sep=",") for each in texts]
    rows = np.column_stack([np.repeat(np.array(meters, np.int64), np.array(counts, np.int64)), *numbers])
    keys = (rows[:, 0] << _SHIFT) | rows[:, 1]
    # In the order of the key as a rule, which nothing promises.
    return rows if (np.diff(keys) > 0).all() else rows[np.argsort(keys)]


def fetch_few(source: str, columns: Sequence[str], where: str) -> Integers:
    """Whole numbers of some thousand rows at most as a matrix, sorted by the first two columns.

    On MariaDB all rows come over as one text, which its longest packet has to hold.
    """
    if connection.vendor == "sqlite":
        return fetch(f"SELECT {', '.join(columns)} FROM {source} WHERE {where} ORDER BY 1, 2", len(columns))  # noqa: S608
    listed = ", ',', ".join(columns)
    query = f"SELECT GROUP_CONCAT({listed}) FROM {source} WHERE {where}"  # noqa: S608  # own text
    with connection.cursor() as cursor:
        cursor.execute(f"SET STATEMENT group_concat_max_len = 1073741824 FOR {query}")
        (text,) = cursor.fetchone()
    rows: Integers = np.fromstring(text or "", np.int64, sep=",").reshape(-1, len(columns))
    keys = (rows[:, 0] << _SHIFT) | rows[:, 1]
    return rows if (np.diff(keys) > 0).all() else rows[np.argsort(keys)]


def ids_by(columns: Sequence[str], ids: str, source: str, where: str) -> Iterator[tuple[tuple[Any, ...], Integers]]:
    """What some columns say, and the ids of all that say it: most meters say the same as many others."""
    query = (
        f"SELECT {', '.join(columns)}, GROUP_CONCAT({ids}) FROM {source} WHERE {where} GROUP BY {', '.join(columns)}"  # noqa: S608  # own text
    )
    if connection.vendor != "sqlite":
        query = f"SET STATEMENT group_concat_max_len = 1073741824 FOR {query}"
    with connection.cursor() as cursor:
        cursor.execute(query)
        for *said, listed in cursor.fetchall():
            yield tuple(said), np.fromstring(str(listed), np.int64, sep=",")


def seconds(column: str) -> str:
    """A time in seconds since 1970 UTC, in SQL without parameters."""
    if connection.vendor == "sqlite":
        return f"CAST(strftime('%s', {column}) AS INTEGER)"
    return f"TO_SECONDS({column}) - {_EPOCH_SECOND}"


def between(start: int, end: int) -> str:
    """The condition on `start` for [start, end) in seconds, with constants in it: a join would scan histories."""
    low, high = times_of(np.array([start, end]))
    return f"start >= '{low}' AND start < '{high}'"


def id_lists(ids: Sequence[int]) -> Iterator[str]:
    """The ids as lists for IN, a few hundred at a time."""
    for first in range(0, len(ids), IDS_PER_STATEMENT):
        yield ",".join(map(str, ids[first : first + IDS_PER_STATEMENT]))


def second_of(moment: datetime) -> int:
    """The first whole second since 1970 UTC at an aware time or after it."""
    return math.ceil(moment.timestamp())


def _number(column: str) -> str:
    if column in ("start", "peak_start"):
        return seconds(column)
    if column != "day":
        return column
    if connection.vendor == "sqlite":
        return "CAST(strftime('%s', day) AS INTEGER) / 86400"
    return f"TO_DAYS(day) - {_EPOCH_DAY}"


def _texts(column: str, values: Integers) -> list[str]:
    return [f"'{text}'" for text in _KINDS[column](values).objects()]


@dataclass(frozen=True)
class _Dates:
    """Days in days since 1970."""

    days: Integers

    def texts(self) -> NDArray[np.uint8]:
        """Numbers such as 20240701, which MariaDB takes for dates."""
        each, back = np.unique(self.days, return_inverse=True)
        numbers = [int(text.replace("-", "")) for text in _dates(each)]
        return Numbers(np.array(numbers, np.int64)[back]).texts()

    def objects(self) -> Sequence[object]:
        """Texts, the form in which SQLite keeps dates."""
        return _dates(self.days)


def _dates(days: Integers) -> list[str]:
    found: list[str] = np.datetime_as_string(days.astype("datetime64[D]")).tolist()
    return found


_KINDS: dict[str, Callable[[Integers], Column]] = {"start": Times, "peak_start": Times, "day": _Dates}
