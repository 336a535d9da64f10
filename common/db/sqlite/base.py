"""The backend that `DATABASES["default"]["ENGINE"] = "common.db.sqlite"` names."""

from collections.abc import Mapping, Sequence
from math import copysign, inf
from typing import Any

from django.db.backends.sqlite3 import base

from common.db.sqlite.schema import DatabaseSchemaEditor

_TOO_LARGE = 2**63


class Cursor(base.SQLiteCursorWrapper):
    """Django's cursor, which also looks for numbers that no column can hold: MariaDB finds nothing there."""

    def execute(self, query: str, params: Any = None) -> Any:
        """As Django's. Only a SELECT is asked again: nothing of the kind is ever stored."""
        try:
            return super().execute(query, params)
        except OverflowError:
            if isinstance(params, Mapping) or not query.startswith("SELECT"):
                raise
            return super().execute(query, _comparable(params))


def _comparable(params: Sequence[Any]) -> list[Any]:
    """The parameters with infinity in place of what SQLite cannot bind.

    >>> _comparable([1, 10**30, "x"])
    [1, inf, 'x']
    """
    return [copysign(inf, each) if isinstance(each, int) and abs(each) >= _TOO_LARGE else each for each in params]


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite connection with our schema editor and cursor."""

    SchemaEditorClass = DatabaseSchemaEditor

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)
