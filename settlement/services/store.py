"""Rows into a table, many at a time: past the ORM, which handles every value by itself."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from django.db import connection, models

# Rows per statement.
BATCH = 500


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Inserts rows of one model, whose values are of their fields' kinds already; they get no ids."""
    if not rows:
        return
    sql, makers = _statement(type(rows[0]))
    values = [[make(getattr(row, name)) for name, make in makers] for row in rows]
    with connection.cursor() as cursor:
        for first in range(0, len(values), BATCH):
            cursor.executemany(sql, values[first : first + BATCH])


@lru_cache(maxsize=16)
def _statement(model: type[models.Model]) -> tuple[str, list[tuple[str, Callable[[Any], Any]]]]:
    columns = [field for field in model._meta.concrete_fields if not field.primary_key]
    quoted = connection.ops.quote_name
    names = ", ".join(quoted(str(field.column)) for field in columns)
    marks = ", ".join(["%s"] * len(columns))
    # Names and marks of our own.
    sql = f"INSERT INTO {quoted(model._meta.db_table)} ({names}) VALUES ({marks})"  # noqa: S608
    return sql, [(field.attname, _writer(field)) for field in columns]


def _writer(field: "models.Field[Any, Any]") -> Callable[[Any], Any]:
    """How a value of the field goes to the driver."""
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.DecimalField):
        return _decimal
    if isinstance(field, models.CharField) and field.choices:
        return str
    if isinstance(field, models.CharField | models.IntegerField | models.ForeignKey):
        return _same
    raise TypeError(f"{field} goes into its table by the ORM.")


def _same(value: Any) -> Any:
    return value


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _decimal(value: Decimal | int | None) -> str | None:
    return None if value is None else f"{value:f}"
