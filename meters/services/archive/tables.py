"""Rows of one month between the database and frames."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
from django.db import connection

from meters.services.archive.files import PREDICTIONS, READINGS
from meters.services.archive.removed import Span

_TABLES = {"readings": ("meters_intervalreading", READINGS), "predictions": ("meters_prediction", PREDICTIONS)}
TABLES = tuple(_TABLES)


def frame_of(table: str, meters: Mapping[int, str], span: Span) -> pl.DataFrame:
    """The rows of these meters (id -> number) in the span, sorted by meter and start."""
    name, schema = _TABLES[table]
    fields = ", ".join(_selected(column) for column in schema if column != "meter")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {fields} FROM {name} WHERE {_within(meters, span)} ORDER BY meter_id, start")  # noqa: S608
        rows = [(meters[row[0]], *row) for row in cursor.fetchall()]
    return pl.DataFrame(rows, schema=schema, orient="row")


def count_rows(table: str, meters: Mapping[int, str], span: Span) -> int:
    """How many rows of these meters there are in the span."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {_TABLES[table][0]} WHERE {_within(meters, span)}")  # noqa: S608
        return int(cursor.fetchone()[0])


def delete_rows(table: str, meters: Sequence[int], span: Span) -> int:
    """How many rows of these meters there were in the span."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_TABLES[table][0]} WHERE {_within(meters, span)}")  # noqa: S608  # own text
        return int(cursor.rowcount)


def insert_frame(table: str, frame: pl.DataFrame) -> int:
    """How many rows of the frame were not there; those that are stay as they are."""
    if not frame.height:
        return 0
    name, schema = _TABLES[table]
    ids = frame["meter_id"].unique().sort().to_list()
    span = Span(int(frame["start"].min()), int(frame["start"].max()) + 1)  # type: ignore[arg-type]  # seconds, never empty here
    stored = frame_of(table, dict.fromkeys(ids, ""), span).select("meter_id", "start")
    missing = frame.join(stored, on=["meter_id", "start"], how="anti")
    columns = [column for column in schema if column != "meter"]
    marks = ", ".join(["%s"] * len(columns))
    rows = [_values(columns, row) for row in missing.select(columns).iter_rows()]
    with connection.cursor() as cursor:
        # Names and marks are ours, the values go as parameters.
        cursor.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
    return len(rows)


def _within(meters: Mapping[int, str] | Sequence[int], span: Span) -> str:
    """Constants, so that the key is used."""
    first, last = _text(span.start), _text(span.end)
    return f"meter_id IN ({','.join(str(int(pk)) for pk in meters)}) AND start >= '{first}' AND start < '{last}'"


def _selected(column: str) -> str:
    if column == "start":
        if connection.vendor == "sqlite":
            return "CAST(strftime('%s', start) AS INTEGER)"
        return "TIMESTAMPDIFF(SECOND, '1970-01-01', start)"
    # As text it keeps its fraction on both databases.
    return "CAST(issued_at AS CHAR)" if column == "issued_at" else column


def _values(columns: Sequence[str], row: Sequence[object]) -> list[Any]:
    return [_value(name, value) for name, value in zip(columns, row, strict=True)]


def _value(name: str, value: object) -> object:
    if name == "start":
        return _text(int(str(value)))
    # Files come from outside: what is written is a time, or an error.
    return str(datetime.fromisoformat(str(value))) if name == "issued_at" else value


def _text(seconds: int) -> str:
    return str(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))
