"""The backend that `DATABASES["default"]["ENGINE"] = "common.db.sqlite"` names."""

from django.db.backends.sqlite3 import base

from common.db.sqlite.schema import DatabaseSchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite connection with our schema editor."""

    SchemaEditorClass = DatabaseSchemaEditor
