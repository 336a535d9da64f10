"""The constraint types themselves; what ours forbid is in tests/test_constraints.py."""

import pytest
from django.db import IntegrityError, connection

from common.constraints import (
    AppendOnly,
    CompositeForeignKey,
    TriggerConstraint,
    TriggerEffect,
    UniqueColumns,
    explain_integrity_error,
)
from common.constraints.messages import FALLBACK
from common.constraints.triggers import reading_committed

RULE = {"refuse": "NEW.a = 1", "on": ("UPDATE",), "lock": ("t WHERE id = NEW.a",), "violation_error_message": "No."}
CONSTRAINTS = [
    TriggerConstraint(name="one", **RULE),
    TriggerConstraint(name="two", refuse="NEW.a = 1"),
    TriggerConstraint(name="seven", refuse="NEW.a = 1", of=("a",)),
    AppendOnly(name="three", on=("UPDATE",)),
    TriggerEffect(name="four", on="DELETE", body="DELETE FROM t WHERE id = OLD.id"),
    CompositeForeignKey(name="five", fields=["a", "b"], to="accounts.Entity", to_fields=["id", "kind"]),
    UniqueColumns(name="six", fields=["a"]),
]


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=lambda one: one.name)
def test_a_constraint_is_what_its_migration_writes(constraint):
    _path, args, kwargs = constraint.deconstruct()
    twin = type(constraint)(*args, **kwargs)
    assert twin == constraint
    assert twin.deconstruct() == constraint.deconstruct()


@pytest.mark.parametrize("changed", [{"refuse": "NEW.a = 2"}, {"on": ("INSERT",)}, {"lock": ()}, {"of": ("a",)}])
def test_a_changed_rule_is_another_constraint(changed):
    assert TriggerConstraint(name="one", **RULE) != TriggerConstraint(name="one", **(RULE | changed))


def test_constraints_of_two_types_differ():
    assert CONSTRAINTS[2] != CONSTRAINTS[3]
    assert CONSTRAINTS[4] != CONSTRAINTS[5]


@pytest.mark.parametrize("field", ["refuse", "lock"])
def test_a_percent_sign_in_a_rule_is_refused(field):
    with pytest.raises(ValueError, match="percent"):
        TriggerConstraint(name="one", **({"refuse": "1 = 1"} | {field: "a LIKE '%x'"}))


def test_a_percent_sign_in_an_effect_is_refused():
    with pytest.raises(ValueError, match="percent"):
        TriggerEffect(name="one", on="DELETE", body="DELETE FROM t WHERE a LIKE '%x'")


@pytest.mark.parametrize(
    ("rule", "locking"),
    [
        ("NEW.a = 1", "NEW.a = 1"),
        ("(SELECT 1 FROM t)", "(SELECT 1 FROM t LOCK IN SHARE MODE)"),
        (
            "COALESCE((SELECT a FROM t WHERE id IN (SELECT 2 FROM u)), 0) > (1 + 1)",
            "COALESCE((SELECT a FROM t WHERE id IN (SELECT 2 FROM u LOCK IN SHARE MODE) LOCK IN SHARE MODE), 0)"
            " > (1 + 1)",
        ),
    ],
)
def test_every_subquery_of_a_locking_rule_reads_what_is_committed(rule, locking):
    assert reading_committed(rule) == locking


def test_an_error_that_names_nothing_gets_the_plain_sentence():
    assert explain_integrity_error(IntegrityError("something else")) == FALLBACK


@pytest.mark.parametrize(
    "words",
    [
        "CHECK constraint failed: meter_interval_known",
        "(4025, 'CONSTRAINT `meter_interval_known` failed for `portal`.`meters_meter`')",
    ],
)
def test_a_named_constraint_says_its_sentence(words):
    said = explain_integrity_error(IntegrityError(words))
    assert said == "Intervals have 1, 5, 10, 15, 30 or 60 minutes."


def test_a_value_that_looks_like_a_name_does_not_mislead():
    words = "(1062, \"Duplicate entry '7-event_life' for key 'program_name_in_distributor'\")"
    assert explain_integrity_error(IntegrityError(words)) == "There is a program of this name already."


def test_columns_tell_the_constraint_where_sqlite_names_none():
    words = "UNIQUE constraint failed: meters_metermap.resident_meter"
    assert explain_integrity_error(IntegrityError(words)) == "This meter has a resident already."


@pytest.mark.django_db
def test_two_writers_are_isolated_as_the_triggers_need_it():
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute("SELECT @@tx_isolation")
            assert cursor.fetchone()[0] == "READ-COMMITTED"
        else:
            cursor.execute("PRAGMA recursive_triggers")
            assert cursor.fetchone()[0] == 1
