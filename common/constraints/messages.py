"""Which sentence belongs to an IntegrityError."""

import re

from django.apps import apps
from django.db import IntegrityError

FALLBACK = "This conflicts with what is already stored. Nothing was changed."


def explain_integrity_error(error: IntegrityError) -> str:
    """The violated constraint's own message, or one plain sentence where the database names none.

    SQLite names triggers and checks, but for a unique index only its columns.
    """
    text = str(error)
    by_name = {
        str(constraint.name): constraint for model in apps.get_models() for constraint in model._meta.constraints
    }
    # From the end: MariaDB quotes the row's values, which somebody typed, before the key's name.
    for word in reversed(re.findall(r"\w+", text)):
        if word in by_name:
            return str(by_name[word].get_violation_error_message())
    return _by_columns(text) or FALLBACK


def _by_columns(text: str) -> str | None:
    match = re.search(r"UNIQUE constraint failed: (.+)", text)
    if match is None:
        return None
    failed = {column.strip() for column in match[1].split(",")}
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            names = getattr(constraint, "fields", ())
            table, meta = model._meta.db_table, model._meta
            if names and {f"{table}.{meta.get_field(name).column}" for name in names} == failed:  # type: ignore[union-attr]  # a column, never the other side of a relation
                return str(constraint.get_violation_error_message())
    return None
