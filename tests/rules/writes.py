"""The five ways in which a row reaches the database, and what a refusal names."""

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import BaseConstraint, Field, GeneratedField, Model

from tests.rules.examples import Example
from tests.rules.kit import Kit

PATHS = ("save", "form", "bulk", "update", "raw")


def attempts_of(example: Example, path: str) -> dict[str, Callable[[Kit], None]]:
    """The ways of this path on which the example can be tried, by name ("save new", "raw delete", …)."""
    ways: dict[str, Callable[[Kit], None]] = {}
    if (make := example.new) is not None and path != "update":
        ways["new"] = lambda kit: WRITE_NEW[path](make(kit))
    if (change := example.change) is not None:
        ways["change"] = lambda kit: WRITE_CHANGE[path](*change(kit))
    if (doomed := example.delete) is not None and path in DELETE:
        ways["delete"] = lambda kit: DELETE[path](doomed(kit))
    named = {f"{path} {way}": attempt for way, attempt in ways.items()}
    return {way: attempt for way, attempt in named.items() if way not in example.elsewhere}


def _fields(model: type[Model]) -> list[Field]:
    return [field for field in model._meta.local_concrete_fields if not isinstance(field, GeneratedField)]


def raw_insert(row: Model) -> None:
    """INSERT, by hand; of a user or an organization its entity first."""
    for parent, link in row._meta.parents.items():
        if getattr(row, link.attname) is None:
            setattr(row, link.attname, _insert(parent, row))
    _insert(type(row), row)


def _insert(model: type[Model], row: Model) -> int:
    values = {field: getattr(row, field.attname) for field in _fields(model)}
    filled = {field: value for field, value in values.items() if value is not None}
    columns = ", ".join(connection.ops.quote_name(field.column) for field in filled)
    params = [field.get_db_prep_save(value, connection) for field, value in filled.items()]
    marks = ", ".join(["%s"] * len(params))
    return execute(f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({marks})", params)


def raw_update(row: Model, values: dict[str, Any]) -> None:
    """UPDATE, by hand."""
    fields = {_field(row, name): value for name, value in values.items()}
    assignments = ", ".join(f"{connection.ops.quote_name(field.column)} = %s" for field in fields)
    params = [_stored(field, value) for field, value in fields.items()]
    where, keys = _where(row)
    execute(f"UPDATE {row._meta.db_table} SET {assignments} WHERE {where}", params + keys)


def raw_delete(row: Model) -> None:
    """DELETE, by hand."""
    where, keys = _where(row)
    execute(f"DELETE FROM {row._meta.db_table} WHERE {where}", keys)


def raw_replace(row: Model, **values: Any) -> None:
    """REPLACE of the whole row, by hand."""
    for name, value in values.items():
        setattr(row, name, value)
    fields = _fields(type(row))
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    params = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    marks = ", ".join(["%s"] * len(params))
    execute(f"REPLACE INTO {row._meta.db_table} ({columns}) VALUES ({marks})", params)


def execute(sql: str, params: list[Any] | None = None) -> int:
    """Runs one statement and returns the id that it gave, if any."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or [])
        return int(cursor.lastrowid or 0)


def _field(row: Model, name: str) -> Field:
    return row._meta.get_field(name)


def _stored(field: Field, value: Any) -> Any:
    value = value.pk if isinstance(value, Model) else value
    return field.get_db_prep_save(value, connection)


def _where(row: Model) -> tuple[str, list[Any]]:
    keys = row._meta.pk_fields
    clause = " AND ".join(f"{connection.ops.quote_name(key.column)} = %s" for key in keys)
    return clause, [key.get_db_prep_save(getattr(row, key.attname), connection) for key in keys]


def _set(row: Model, values: dict[str, Any]) -> Model:
    for name, value in values.items():
        setattr(row, name, value)
    return row


def _bulk_update(row: Model, values: dict[str, Any]) -> None:
    type(row)._base_manager.bulk_update([_set(row, values)], list(values))


def _update(row: Model, values: dict[str, Any]) -> None:
    type(row)._base_manager.filter(pk=row.pk).update(**values)


WRITE_NEW: dict[str, Callable[[Model], Any]] = {
    "save": lambda row: row.save(),
    "form": lambda row: row.full_clean(),
    "bulk": lambda row: type(row)._base_manager.bulk_create([row]),
    "raw": raw_insert,
}
WRITE_CHANGE: dict[str, Callable[[Model, dict[str, Any]], Any]] = {
    "save": lambda row, values: _set(row, values).save(),
    "form": lambda row, values: _set(row, values).full_clean(),
    "bulk": _bulk_update,
    "update": _update,
    "raw": raw_update,
}
DELETE: dict[str, Callable[[Model], Any]] = {
    "save": lambda row: row.delete(),
    "bulk": lambda row: type(row)._base_manager.filter(pk=row.pk).delete(),
    "raw": raw_delete,
}


def checked(write: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    """Writes, and looks at foreign keys: SQLite does so when a transaction ends, and a test's never does."""
    write(*args, **kwargs)
    connection.check_constraints()


def refusal(attempt: Callable[[Kit], None], kit: Kit) -> Exception | None:
    """What the attempt was refused with; None where it went through. It leaves nothing behind."""
    try:
        with transaction.atomic():
            checked(attempt, kit)
    except (IntegrityError, ValidationError, ValueError) as error:
        return error
    return None


def is_named(constraint: BaseConstraint, model: type[Model], error: IntegrityError) -> bool:
    """Whether the database's words mean this constraint."""
    text = str(error)
    if constraint.name in re.findall(r"\w+", text):
        return True
    if connection.vendor != "sqlite":
        return False
    fields = getattr(constraint, "fields", ())
    columns = {f"{model._meta.db_table}.{model._meta.get_field(name).column}" for name in fields}
    if text.startswith("UNIQUE constraint failed: "):
        return columns == set(text.split(": ")[1].split(", "))
    return "foreign key" in text.lower() and model._meta.db_table in text


def words_of(error: ValidationError) -> dict[str, list[str]]:
    """The messages of a form by field; those of the whole form under "__all__"."""
    return {str(name): messages for name, messages in error.message_dict.items()} or {NON_FIELD_ERRORS: []}
