"""Composite foreign keys and unique generated columns."""

from collections.abc import Container, Sequence
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models import BaseConstraint, Model, UniqueConstraint
from django.db.models.fields.generated import GeneratedField


def _column(model: type[Model], name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]  # a column, never the other side of a relation


class CompositeForeignKey(BaseConstraint):
    """`fields` must exist together as `to_fields` of `to`.

    Args:
        name: Constraint name.
        fields: Field names of this model; the first is a foreign key to `to`.
        to: `"app.Model"` with a unique constraint on exactly `to_fields`.
        to_fields: Field names there, in the same order.
    """

    def __init__(self, *, name: str, fields: Sequence[str], to: str, to_fields: Sequence[str], **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.fields, self.to, self.to_fields = tuple(fields), to, tuple(to_fields)

    def _target(self, model: type[Model]) -> type[Model]:
        try:
            return model._meta.apps.get_model(self.to)
        except LookupError:
            # Django rebuilds a SQLite table in a registry of its own, where only the foreign key knows.
            related: type[Model] = model._meta.get_field(self.fields[0]).remote_field.model  # type: ignore[union-attr]  # a column, never the other side of a relation
            return related

    def _sql(self, model: type[Model], editor: BaseDatabaseSchemaEditor) -> str:
        quote, target = editor.quote_name, self._target(model)
        columns = ", ".join(quote(_column(model, name)) for name in self.fields)
        to_columns = ", ".join(quote(_column(target, name)) for name in self.to_fields)
        return (
            f"CONSTRAINT {quote(str(self.name))} FOREIGN KEY ({columns}) "
            f"REFERENCES {quote(target._meta.db_table)} ({to_columns})"
        )

    def constraint_sql(self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> str:  # type: ignore[override]  # Django always gives both
        """Inline on SQLite; a statement after the table elsewhere."""
        if schema_editor.connection.vendor == "sqlite":
            return self._sql(model, schema_editor) + " DEFERRABLE INITIALLY DEFERRED"
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:  # type: ignore[override]  # Django always gives both
        """ALTER TABLE … ADD CONSTRAINT; on SQLite Django rebuilds the table instead."""
        table = Table(model._meta.db_table, schema_editor.quote_name)
        return Statement("ALTER TABLE %(table)s ADD %(key)s", table=table, key=self._sql(model, schema_editor))

    def remove_sql(self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:  # type: ignore[override]  # Django always gives both
        """ALTER TABLE … DROP FOREIGN KEY."""
        quote = schema_editor.quote_name
        table = Table(model._meta.db_table, quote)
        return Statement("ALTER TABLE %(table)s DROP FOREIGN KEY %(name)s", table=table, name=quote(str(self.name)))

    def validate(
        self,
        model: type[Model],
        instance: Model,
        exclude: Container[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Raises ValidationError where no such pair exists."""
        fields = [model._meta.get_field(name) for name in self.fields]
        if any(isinstance(field, GeneratedField) for field in fields):
            return  # a constant of the table: only the database needs to look
        values = [getattr(instance, field.attname) for field in fields]  # type: ignore[union-attr]  # a column, never the other side of a relation
        if None in values:
            return
        target = apps.get_model(self.to)
        pair = dict(zip(self.to_fields, values, strict=True))
        if not target._base_manager.using(using).filter(**pair).exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {"fields": self.fields, "to": self.to, "to_fields": self.to_fields}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CompositeForeignKey):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    __hash__ = BaseConstraint.__hash__


class UniqueColumns(UniqueConstraint):
    """A unique constraint whose form check also runs when its generated columns are not on the form."""

    def validate(
        self,
        model: type[Model],
        instance: Model,
        exclude: Container[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Raises ValidationError where another row holds the same value."""
        super().validate(model, instance, exclude=None, using=using)
