"""Reads, writes and deletes whole chunks of tables keyed by meter and start, in the SQL of both databases."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection

from meters.services.cells import Column, Constant, rows_of, times_of
from meters.services.columns import Integers

__all__ = [
    "CHUNK_ROWS",
    "PREDICTIONS",
    "READINGS",
    "Slots",
    "chunks_of",
    "delete_slots",
    "keys_of",
    "parts_of",
    "places_of",
    "read_slots",
    "seconds_in_sql",
    "times_of",
    "write_slots",
]

READINGS = "meters_intervalreading"
PREDICTIONS = "meters_prediction"
CHUNK_ROWS = 10_000
# Where a span holds more slots than this for each wanted one, the starts are named instead of the span.
_DENSE = 8
_LISTED = 500
# Beyond some ten thousand constants MariaDB gives up on ranges and reads each meter's whole history.
_METERS = 2_000
_SHIFT = 34  # bits for seconds: until the year 2514
_SECONDS = (1 << _SHIFT) - 1


def keys_of(meter_ids: Integers, starts: Integers) -> Integers:
    """One sortable number per (meter, start)."""
    return (meter_ids << _SHIFT) | starts


def parts_of(keys: Integers) -> tuple[Integers, Integers]:
    """The meters and the starts of keys."""
    return keys >> _SHIFT, keys & _SECONDS


def chunks_of(meter_ids: Integers, rows: int = CHUNK_ROWS) -> Iterator[slice]:
    """Slices of at most so many rows sorted by meter; a meter is cut only if it alone is longer.

    A chunk of whole meters of one file spans about one time, so that one constant range reads all of it.
    """
    ends = np.append(np.flatnonzero(np.diff(meter_ids)) + 1, len(meter_ids)).tolist()
    start = 0
    for at, end in enumerate(ends):
        following = ends[at + 1] if at + 1 < len(ends) else None
        if following is None or following - start > rows:
            yield from (slice(cut, min(cut + rows, end)) for cut in range(start, end, rows))
            start = end


@dataclass(frozen=True)
class Slots:
    """Wanted (meter, start) pairs, sorted by both, none twice."""

    meter_ids: Integers
    starts: Integers
    step: int = 60  # seconds of the shortest interval among them

    def conditions(self) -> Iterator[str]:
        """SQL conditions that together cover the pairs, each row once, with constants in them.

        A join against ranges would scan each meter's whole history; constant ranges use the key.
        """
        if not len(self.meter_ids):
            return
        meters, first, last = np.unique(self.meter_ids), self.starts.min(), self.starts.max()
        if len(meters) * ((last - first) // self.step + 1) <= _DENSE * len(self.starts):
            low, high = times_of(np.array([first, last]))
            for cut in range(0, len(meters), _METERS):
                ids = ",".join(map(str, meters[cut : cut + _METERS].tolist()))
                yield f"meter_id IN ({ids}) AND start BETWEEN '{low}' AND '{high}'"
        else:
            yield from self.exactly()

    def exactly(self) -> Iterator[str]:
        """As `conditions`, but they cover nothing else."""
        meters = np.unique(self.meter_ids)
        bounds = np.searchsorted(self.meter_ids, meters)[1:]
        for meter, starts in zip(meters.tolist(), np.split(self.starts, bounds), strict=True):
            times = times_of(starts)
            for cut in range(0, len(times), _LISTED):
                listed = ",".join(f"'{time}'" for time in times[cut : cut + _LISTED])
                yield f"meter_id = {meter} AND start IN ({listed})"


def seconds_in_sql(column: str = "start") -> str:
    """A time in seconds since 1970 UTC, in SQL without parameters."""
    if connection.vendor == "sqlite":
        return f"CAST(strftime('%s', {column}) AS INTEGER)"
    return f"TIMESTAMPDIFF(SECOND, '1970-01-01', {column})"


def read_slots(table: str, fields: Sequence[str], slots: Slots, where: str = "1=1") -> list[Integers]:
    """Sorted keys, and the integer fields (never NULL), of the rows that are stored in these slots or near them."""
    parts = [_rows(table, fields, f"{condition} AND {where}") for condition in slots.conditions()]
    found = np.concatenate(parts, axis=1) if parts else np.empty((2 + len(fields), 0), np.int64)
    keys = keys_of(found[0], found[1])
    order = np.argsort(keys, kind="stable")
    return [keys[order], *(found[at][order] for at in range(2, 2 + len(fields)))]


def _rows(table: str, fields: Sequence[str], where: str) -> Integers:
    """(2 + fields, rows): meter, second and fields."""
    columns = [seconds_in_sql(), *fields]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT meter_id, {', '.join(columns)} FROM {table} WHERE {where}")  # noqa: S608  # own text
            rows = cursor.fetchall()
        return np.array(rows, np.int64).reshape(len(rows), 1 + len(columns)).T
    # One row per meter: the driver makes a Python object of each value it hands over, numpy does not.
    lists = ", ".join(f"GROUP_CONCAT({column})" for column in columns)
    sql = f"SELECT meter_id, COUNT(*), {lists} FROM {table} WHERE {where} GROUP BY meter_id"  # noqa: S608  # own text
    with connection.cursor() as cursor:
        cursor.execute(f"SET STATEMENT group_concat_max_len = 1073741824 FOR {sql}")
        meters, counts, *texts = list(zip(*cursor.fetchall(), strict=True)) or [()] * (2 + len(columns))
    numbers = [np.fromstring(",".join(each), np.int64, sep=",") for each in texts]
    return np.stack([np.repeat(np.array(meters, np.int64), np.array(counts, np.int64)), *numbers])


def places_of(keys: Integers, stored: Integers) -> Integers:
    """Where each key stands in the sorted `stored` ones, or -1."""
    if not len(stored):
        return np.full(len(keys), -1)
    places = np.minimum(np.searchsorted(stored, keys), len(stored) - 1)
    return np.where(stored[places] == keys, places, -1)


def write_slots(
    table: str,
    columns: Mapping[str, Column],
    *,
    constants: Mapping[str, Constant] | None = None,
    overwrite: Sequence[str] = (),
    key: str = "meter_id, start",
) -> None:
    """Inserts rows given as columns; of a pair that is stored already the fields of `overwrite` change.

    Raises:
        IntegrityError: A pair is stored already, and nothing may be overwritten.
    """
    fixed = {name: _adapted(constant) for name, constant in (constants or {}).items()}
    names = ", ".join([*columns, *fixed])
    if connection.vendor == "sqlite":
        rows = [(*row, *fixed.values()) for row in zip(*(each.objects() for each in columns.values()), strict=True)]
        update = ", ".join(f"{name} = excluded.{name}" for name in overwrite)
        tail = f" ON CONFLICT ({key}) DO UPDATE SET {update}" if overwrite else ""
        marks = ", ".join(["%s"] * (len(columns) + len(fixed)))
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks}){tail}", rows)  # noqa: S608
        return
    values = rows_of(list(columns.values()))
    if values:
        update = ", ".join(f"{name} = VALUES({name})" for name in overwrite)
        tail = f" ON DUPLICATE KEY UPDATE {update}" if overwrite else ""
        with connection.cursor() as cursor:
            # One statement of constants is three times as fast as the driver's own executemany.
            cursor.execute(f"INSERT INTO {table} ({names}) {_source(columns, fixed, values)}{tail}", [*fixed.values()])


def _source(columns: Mapping[str, Column], fixed: Mapping[str, object], values: str) -> str:
    if not fixed:
        return f"VALUES {values}"
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(fixed))
    return f"WITH listed ({names}) AS (VALUES {values}) SELECT {names}, {marks} FROM listed"  # noqa: S608  # own text


def _adapted(constant: Constant) -> str | int | None:
    value = constant.value
    return str(connection.ops.adapt_datetimefield_value(value)) if isinstance(value, datetime) else value


def delete_slots(table: str, slots: Slots, stored: int) -> None:
    """Deletes exactly these rows, all of which exist; `stored` is how many rows their conditions cover in all."""
    conditions = slots.conditions() if stored == len(slots.meter_ids) else slots.exactly()
    with connection.cursor() as cursor:
        for condition in conditions:
            cursor.execute(f"DELETE FROM {table} WHERE {condition}")  # noqa: S608  # own text
