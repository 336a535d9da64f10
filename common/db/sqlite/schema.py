"""Schema changes on SQLite while triggers of other tables mention the table."""

from typing import Any

from django.db.backends.sqlite3 import schema


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Django's editor, with a table rebuild that survives triggers."""

    def _remake_table(self, *args: Any, **kwargs: Any) -> None:
        # SQLite checks every trigger at RENAME, while the old table is gone; its legacy mode does not.
        self.execute("PRAGMA legacy_alter_table = ON", params=None)
        try:
            super()._remake_table(*args, **kwargs)  # type: ignore[misc]  # private, not in the stubs
        finally:
            self.execute("PRAGMA legacy_alter_table = OFF", params=None)
