"""Whether a request changed a row, and which."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import connection

# Sessions and the cache are no data of anybody; a page may touch them.
IGNORED = ("django_session", "cache")
_WRITE = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|TRUNCATE|ALTER|DROP)\b\D*?[`\"](\w+)[`\"]", re.IGNORECASE)
Rows = dict[str, dict[Any, tuple[Any, ...]]]


@dataclass
class Writes:
    """The tables that statements wanted to change."""

    tables: list[str] = field(default_factory=list)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = _WRITE.match(sql)
        if found and found[1] not in IGNORED:
            self.tables.append(found[1])
        return execute(sql, params, many, context)


@contextmanager
def writes() -> Iterator[Writes]:
    """Notes every statement that writes."""
    seen = Writes()
    with connection.execute_wrapper(seen):
        yield seen


def snapshot() -> Rows:
    """Table -> primary key -> row, of the whole database."""
    with connection.cursor() as cursor:
        return {table: _rows(cursor, table, keys) for table, (_columns, keys) in _layout().items()}


@cache
def _layout() -> dict[str, tuple[tuple[str, ...], tuple[int, ...]]]:
    """Table -> names of its columns, and the places of those that make its primary key."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)} WHERE 1 = 0")
            columns = tuple(column[0] for column in cursor.description)
            keys = connection.introspection.get_primary_key_columns(cursor, table) or columns
            if table not in IGNORED:
                found[table] = columns, tuple(columns.index(key) for key in keys)
    return found


def _rows(cursor: Any, table: str, keys: tuple[int, ...]) -> dict[Any, tuple[Any, ...]]:
    quote = connection.ops.quote_name
    cursor.execute(f"SELECT {', '.join(map(quote, _layout()[table][0]))} FROM {quote(table)}")
    return {tuple(row[key] for key in keys): row for row in cursor.fetchall()}


@dataclass(frozen=True)
class Change:
    """One row that is new, gone or different."""

    table: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def columns(self) -> list[str]:
        """`table.column` of what differs; `table+` and `table-` for a whole row."""
        if self.before is None or self.after is None:
            return [self.table + ("+" if self.before is None else "-")]
        return [f"{self.table}.{name}" for name, value in self.after.items() if self.before.get(name) != value]


def changes(before: Rows, after: Rows) -> list[Change]:
    """What differs between two snapshots."""
    found = []
    for table, (columns, _keys) in _layout().items():
        old, new = before[table], after[table]
        if old == new:
            continue
        keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
        found += [Change(table, _named(columns, old.get(key)), _named(columns, new.get(key))) for key in keys]
    return found


def _named(columns: tuple[str, ...], row: tuple[Any, ...] | None) -> dict[str, Any] | None:
    return None if row is None else dict(zip(columns, row, strict=True))
