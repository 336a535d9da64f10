"""Reads and writes whole chunks of tables keyed by meter and start, in the SQL of both databases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from meters.services.columns import Integers

CHUNK_ROWS = 10_000
# Where a span holds more slots than this for each wanted one, the starts are named instead of the span.
_DENSE = 8
_LISTED = 500
_SHIFT = 34  # bits for seconds: until the year 2514


def keys_of(meter_ids: Integers, starts: Integers) -> Integers:
    """One sortable number per (meter, start)."""
    return (meter_ids << _SHIFT) | starts


def chunks_of(meter_ids: Integers) -> Iterator[slice]:
    """Slices of at most CHUNK_ROWS rows sorted by meter; a meter is cut only if it alone is longer.

    A chunk of whole meters of one file spans about one time, so that one constant range reads all of it.
    """
    ends = np.append(np.flatnonzero(np.diff(meter_ids)) + 1, len(meter_ids)).tolist()
    start = 0
    for at, end in enumerate(ends):
        following = ends[at + 1] if at + 1 < len(ends) else None
        if following is None or following - start > CHUNK_ROWS:
            yield from (slice(cut, min(cut + CHUNK_ROWS, end)) for cut in range(start, end, CHUNK_ROWS))
            start = end


def times_of(starts: Integers) -> list[str]:
    """The starts as both databases write them."""
    return [text.replace("T", " ") for text in np.datetime_as_string(starts.astype("datetime64[s]")).tolist()]


@dataclass(frozen=True)
class Slots:
    """Wanted (meter, start) pairs, sorted by both, none twice."""

    meter_ids: Integers
    starts: Integers
    step: int = 60  # seconds of the shortest interval among them

    def conditions(self) -> Iterator[str]:
        """SQL conditions that together cover the pairs, with constants in them.

        A join against ranges would scan each meter's whole history; constant ranges use the key.
        """
        if not len(self.meter_ids):
            return
        meters, first, last = np.unique(self.meter_ids), self.starts.min(), self.starts.max()
        if len(meters) * ((last - first) // self.step + 1) <= _DENSE * len(self.starts):
            low, high = times_of(np.array([first, last]))
            ids = ",".join(map(str, meters.tolist()))
            yield f"meter_id IN ({ids}) AND start BETWEEN '{low}' AND '{high}'"
        else:
            yield from self._listed(meters)

    def _listed(self, meters: Integers) -> Iterator[str]:
        bounds = np.searchsorted(self.meter_ids, meters)[1:]
        for meter, starts in zip(meters.tolist(), np.split(self.starts, bounds), strict=True):
            times = times_of(starts)
            for cut in range(0, len(times), _LISTED):
                listed = ",".join(f"'{time}'" for time in times[cut : cut + _LISTED])
                yield f"meter_id = {meter} AND start IN ({listed})"


def seconds_in_sql() -> str:
    """The start in seconds since 1970 UTC, in SQL without parameters."""
    if connection.vendor == "sqlite":
        return "CAST(strftime('%s', start) AS INTEGER)"
    return "TIMESTAMPDIFF(SECOND, '1970-01-01', start)"


def read_slots(table: str, fields: Sequence[str], slots: Slots, where: str = "1=1") -> list[Integers]:
    """Sorted keys, and the integer fields, of the rows that are stored in these slots (or near them)."""
    columns = ", ".join(["meter_id", seconds_in_sql(), *fields])
    rows: list[tuple[int, ...]] = []
    with connection.cursor() as cursor:
        for condition in slots.conditions():
            cursor.execute(f"SELECT {columns} FROM {table} WHERE {condition} AND {where}")  # noqa: S608  # own text
            rows.extend(cursor.fetchall())
    found = np.array(rows, np.int64).reshape(len(rows), 2 + len(fields))
    keys = keys_of(found[:, 0], found[:, 1])
    order = np.argsort(keys)
    return [keys[order], *(found[order, at] for at in range(2, 2 + len(fields)))]


def places_of(keys: Integers, stored: Integers) -> Integers:
    """Where each key stands in the sorted `stored` ones, or -1."""
    if not len(stored):
        return np.full(len(keys), -1)
    places = np.minimum(np.searchsorted(stored, keys), len(stored) - 1)
    return np.where(stored[places] == keys, places, -1)


def write_slots(table: str, columns: dict[str, Sequence[object]], *, overwrite: Sequence[str] = ()) -> None:
    """Inserts rows given as columns; of a pair that is stored already the fields of `overwrite` change.

    Args:
        columns: By name, of one length: integers, None, or time texts; nothing that came from outside.

    Raises:
        IntegrityError: A pair is stored already, and nothing may be overwritten.
    """
    rows = list(zip(*columns.values(), strict=True))
    if not rows:
        return
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(columns))
            update = ", ".join(f"{name} = excluded.{name}" for name in overwrite)
            tail = f" ON CONFLICT (meter_id, start) DO UPDATE SET {update}" if overwrite else ""
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks}){tail}", rows)  # noqa: S608
        else:
            update = ", ".join(f"{name} = VALUES({name})" for name in overwrite)
            tail = f" ON DUPLICATE KEY UPDATE {update}" if overwrite else ""
            # One statement of constants is three times as fast as the driver's own executemany.
            values = "),(".join(map(",".join, zip(*map(_constants, columns.values()), strict=True)))
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({values}){tail}")  # noqa: S608


def _constants(values: Sequence[object]) -> list[str]:
    return ["NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value) for value in values]
