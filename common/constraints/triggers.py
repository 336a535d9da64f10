"""Constraints that stand as triggers in the database."""

import re
from collections.abc import Container, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models import BaseConstraint, Field, Model

# MariaDB's "CONSTRAINT failed": the one error number that Django turns into IntegrityError for a SIGNAL.
CONSTRAINT_FAILED = 4025


def reading_committed(sql: str) -> str:
    """The rule with every subquery as a locking read.

    >>> reading_committed("NEW.a = 1 AND EXISTS (SELECT 1 FROM t WHERE (t.a = NEW.a))")
    'NEW.a = 1 AND EXISTS (SELECT 1 FROM t WHERE (t.a = NEW.a) LOCK IN SHARE MODE)'
    """
    opened: list[bool] = []
    written = []
    for part in re.split(r"(\(SELECT\b|[()])", sql):
        if part.startswith("("):
            opened.append(part != "(")
        elif part == ")" and opened.pop():
            written.append(" LOCK IN SHARE MODE")
        written.append(part)
    return "".join(written)


class _Triggers(BaseConstraint):
    """A constraint that is one trigger per event; subclasses write the trigger's SQL."""

    on: tuple[str, ...]

    def _trigger(self, model: type[Model], event: str, editor: BaseDatabaseSchemaEditor) -> Statement:
        raise NotImplementedError

    def _name(self, event: str, editor: BaseDatabaseSchemaEditor) -> str:
        return editor.quote_name(f"{self.name}_{event.lower()}")

    def constraint_sql(self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> str:  # type: ignore[override]  # Django always gives both
        """Nothing inside CREATE TABLE (and SQLite's table rebuild): the triggers follow the table."""
        schema_editor.deferred_sql.extend(self._trigger(model, event, schema_editor) for event in self.on)
        return ""

    def create_sql(self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:  # type: ignore[override]  # Django always gives both
        """The last trigger's statement; the others are created at once."""
        *first, last = (self._trigger(model, event, schema_editor) for event in self.on)
        for statement in first:
            schema_editor.execute(statement, params=None)
        return last

    def remove_sql(self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:  # type: ignore[override]  # Django always gives both
        """The last trigger's DROP; the others are dropped at once."""
        *first, last = (self._name(event, schema_editor) for event in self.on)
        for name in first:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)
        table = Table(model._meta.db_table, schema_editor.quote_name)
        return Statement("DROP TRIGGER IF EXISTS %(name)s", name=last, table=table)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Triggers):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    __hash__ = BaseConstraint.__hash__


class TriggerConstraint(_Triggers):
    """Refuses a statement on a row while `refuse` is true.

    Args:
        name: Constraint name; the triggers are `<name>_insert`, `<name>_update`, `<name>_delete`.
        refuse: SQL over `NEW.column`, `OLD.column` and any table. A table of a higher room may be named:
            it is text, no import. No percent sign: Django's cursor would interpolate it.
        on: Events, out of INSERT, UPDATE, DELETE.
        lock: `"table WHERE condition over NEW."`, or several in a fixed order. On MariaDB these rows are read
            FOR UPDATE first, so that two writers of a rule across tables wait for each other; SQLite has
            one writer.
        of: Columns of keys that the rule rests on. An UPDATE that leaves all of them as they are cannot break it,
            and does not pay for its subqueries: a change of state of many rows takes a fifth of the time.
    """

    def __init__(
        self,
        *,
        name: str,
        refuse: str,
        on: Sequence[str] = ("INSERT", "UPDATE"),
        lock: str | Sequence[str] = (),
        of: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.refuse, self.on, self.of = refuse, tuple(on), tuple(of)
        self.lock = (lock,) if isinstance(lock, str) else tuple(lock)
        if "%" in "".join((refuse, *self.lock)):
            raise ValueError("no percent sign in a trigger's SQL")

    def _trigger(self, model: type[Model], event: str, editor: BaseDatabaseSchemaEditor) -> Statement:
        message = f"CONSTRAINT {self.name} failed"
        if editor.connection.vendor == "sqlite":
            template = (
                "CREATE TRIGGER %(name)s BEFORE %(event)s ON %(table)s FOR EACH ROW WHEN %(refuse)s "
                "BEGIN SELECT RAISE(ABORT, '%(message)s'); END"
            )
        else:
            template = (
                "CREATE TRIGGER %(name)s BEFORE %(event)s ON %(table)s FOR EACH ROW BEGIN %(lock)s"
                "IF %(refuse)s THEN SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = %(code)s, "
                "MESSAGE_TEXT = '%(message)s'; END IF; END"
            )
        return Statement(
            template,
            name=self._name(event, editor),
            event=event,
            table=Table(model._meta.db_table, editor.quote_name),
            refuse=self._refuse_sql(event, editor),
            lock=self._lock_sql(event),
            code=CONSTRAINT_FAILED,
            message=message,
        )

    def _refuse_sql(self, event: str, editor: BaseDatabaseSchemaEditor) -> str:
        if event == "UPDATE" and self.of:
            moved = " OR ".join(f"COALESCE(NEW.{each}, 0) <> COALESCE(OLD.{each}, 0)" for each in self.of)
            return f"({moved}) AND ({self._rule_sql(editor)})"
        return self._rule_sql(editor)

    def _rule_sql(self, editor: BaseDatabaseSchemaEditor) -> str:
        # A plain read inside an UPDATE sees what was there before the statement waited for its lock, on
        # READ COMMITTED too; a locking read sees what the other writer has committed.
        if self.lock and editor.connection.vendor != "sqlite":
            return reading_committed(self.refuse)
        return self.refuse

    def _lock_sql(self, event: str) -> str:
        if not self.lock:
            return ""
        reads = "".join(f"SELECT 1 INTO locked FROM {lock} LIMIT 1 FOR UPDATE; " for lock in self.lock)  # noqa: S608
        if event == "DELETE":
            reads = reads.replace("NEW.", "OLD.")
        # Without a handler a lock that finds no row would raise a warning into the statement.
        return f"DECLARE locked BIGINT; DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END; {reads}"

    def validate(
        self,
        model: type[Model],
        instance: Model,
        exclude: Container[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Raises ValidationError where the database would refuse the row as it stands in the form."""
        if ("INSERT" if instance._state.adding else "UPDATE") not in self.on:
            return
        bound = _Binding(model, instance, exclude, using)
        sql = re.sub(r"\b(NEW|OLD)\.(\w+)", bound.placeholder, self.refuse)
        if bound.incomplete:
            return
        with connections[using].cursor() as cursor:
            cursor.execute(f"SELECT CASE WHEN {sql} THEN 1 ELSE 0 END", bound.params)  # our own text
            if cursor.fetchone()[0]:
                raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        kwargs |= {"refuse": self.refuse, "on": self.on}
        if self.lock:
            kwargs["lock"] = self.lock
        if self.of:
            kwargs["of"] = self.of
        return path, args, kwargs


class _Binding:
    """Turns NEW.column and OLD.column of a rule into parameters taken from one instance."""

    def __init__(self, model: type[Model], instance: Model, exclude: Container[str] | None, using: str) -> None:
        self.columns = {field.column: field for field in model._meta.local_concrete_fields}
        self.model, self.instance, self.using = model, instance, using
        self.exclude = exclude or ()
        self.params: list[Any] = []
        self.incomplete = False

    def placeholder(self, match: re.Match[str]) -> str:
        side, column = match.groups()
        field = self.columns[column]
        connection = connections[self.using]
        if side == "OLD":
            row = self.model._base_manager.using(self.using).filter(pk=self.instance.pk)
            old = row.values_list(field.attname, flat=True).first()
            self.params.append(field.get_db_prep_value(old, connection))
            return "%s"
        value = getattr(self.instance, field.attname, None)
        if field.name in self.exclude and self._is_open(field, value):
            self.incomplete = True
        self.params.append(field.get_db_prep_save(value, connection))
        return "%s"

    def _is_open(self, field: "Field[Any, Any]", value: Any) -> bool:
        # Not on the form and still as it was born: a receiver may fill it, so only the database can judge.
        # But a new row's own id is NULL for every rule.
        if field.primary_key:
            return False
        return value is None or (self.instance._state.adding and value == field.get_default())


class AppendOnly(TriggerConstraint):
    """Rows are written once: the database refuses UPDATE and DELETE."""

    def __init__(self, *, name: str, on: Sequence[str] = ("UPDATE", "DELETE"), **kwargs: Any) -> None:
        super().__init__(name=name, refuse="1 = 1", on=on, **kwargs)

    def validate(
        self,
        model: type[Model],
        instance: Model,
        exclude: Container[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Raises ValidationError for a row that is already written."""
        if not instance._state.adding:
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        del kwargs["refuse"]
        return path, args, kwargs


class TriggerEffect(_Triggers):
    """Does `body` (one SQL statement over NEW. or OLD.) after each row's event: the database fills a rule in."""

    def __init__(self, *, name: str, on: str, body: str, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.on, self.body = (on,), body
        if "%" in body:
            raise ValueError("no percent sign in a trigger's SQL")

    def _trigger(self, model: type[Model], event: str, editor: BaseDatabaseSchemaEditor) -> Statement:
        return Statement(
            "CREATE TRIGGER %(name)s AFTER %(event)s ON %(table)s FOR EACH ROW BEGIN %(body)s; END",
            name=self._name(event, editor),
            event=event,
            table=Table(model._meta.db_table, editor.quote_name),
            body=self.body,
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to refuse: an effect fills, it does not judge."""

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {"on": self.on[0], "body": self.body}
