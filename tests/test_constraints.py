"""Every named constraint of ours is tried by every write path, on whichever database the suite runs."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import BaseConstraint, CheckConstraint, Model, UniqueConstraint

from common.constraints import (
    AppendOnly,
    CompositeForeignKey,
    TriggerConstraint,
    TriggerEffect,
    explain_integrity_error,
)
from tests.rules.examples import EXAMPLES, TARGETS
from tests.rules.kit import Kit
from tests.rules.writes import PATHS, attempts_of, is_named, raw_insert, raw_replace, refusal, words_of

BLANK = "This field cannot be blank."
ROOMS = {"accounts", "delivery", "organizations", "meters", "forecasting", "events", "settlement", "openadr"}


def our_constraints() -> Iterator[tuple[type[Model], BaseConstraint]]:
    for model in apps.get_models():
        if model._meta.app_label in ROOMS | {"dashboards", "drportal"}:
            yield from ((model, constraint) for constraint in model._meta.constraints)


OURS = {str(constraint.name): (model, constraint) for model, constraint in our_constraints()}
EFFECTS = {name for name, (_model, constraint) in OURS.items() if isinstance(constraint, TriggerEffect)}
FROZEN = {name: pair for name, pair in OURS.items() if isinstance(pair[1], AppendOnly)}


def test_every_constraint_has_an_example_and_every_example_a_constraint() -> None:
    assert set(EXAMPLES) | set(TARGETS) | EFFECTS == set(OURS)


def _is_frozen(model: type[Model]) -> bool:
    return any(isinstance(one, AppendOnly) for one in model._meta.constraints)


def _events_of(model: type[Model], constraint: BaseConstraint) -> set[str]:
    if isinstance(constraint, TriggerConstraint):
        return set(constraint.on)
    return {"INSERT"} if _is_frozen(model) else {"INSERT", "UPDATE"}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_covers_each_event_that_the_constraint_watches(name: str) -> None:
    example = EXAMPLES[name]
    given = {"INSERT": example.new, "UPDATE": example.change, "DELETE": example.delete}
    assert {event for event, way in given.items() if way is not None} == _events_of(*OURS[name])


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_example_is_refused(name: str, path: str) -> None:
    model, constraint = OURS[name]
    example = EXAMPLES[name]
    for way, attempt in attempts_of(example, path).items():
        error = refusal(attempt, Kit())
        if way in example.filled:
            assert error is None, f"{way}: {error}"
        elif path == "form":
            _assert_form_says(constraint, model, error, example.earlier)
        elif way == "bulk new" and model._meta.parents:
            assert isinstance(error, ValueError), "Django has no bulk_create for rows with an entity"
        else:
            _assert_database_says(way, name, error, example.earlier)


def _assert_database_says(way: str, name: str, error: Exception | None, earlier: tuple[str, ...]) -> None:
    assert isinstance(error, IntegrityError), f"{way}: {error!r}"
    blamed = [each for each in (name, *earlier) if is_named(OURS[each][1], OURS[each][0], error)]
    assert blamed, f"{way}: {error}"
    constraint = OURS[blamed[0]][1]
    if not (isinstance(constraint, CompositeForeignKey) and connection.vendor == "sqlite"):
        assert explain_integrity_error(error) == constraint.get_violation_error_message()


def _assert_form_says(
    constraint: BaseConstraint, model: type[Model], error: Exception | None, earlier: tuple[str, ...]
) -> None:
    assert isinstance(error, ValidationError), repr(error)
    allowed = _fields_of(constraint, model)
    # Columns that only code fills are blank in an example; no form shows them.
    words = {name: said for name, said in words_of(error).items() if name in allowed or said != [BLANK]}
    fields = set(words) - {NON_FIELD_ERRORS}
    assert words
    assert fields <= allowed, words
    if not fields and type(constraint) is not UniqueConstraint:
        sentences = {OURS[name][1].get_violation_error_message() for name in (constraint.name, *earlier)}
        assert sentences & set(words[NON_FIELD_ERRORS]), words


def _fields_of(constraint: BaseConstraint, model: type[Model]) -> set[str]:
    if isinstance(constraint, CheckConstraint):
        return {name.split("__")[0] for name in constraint.condition.referenced_base_fields}
    if isinstance(constraint, TriggerConstraint):
        columns = {word.rstrip("),") for word in constraint.refuse.replace("OLD.", "NEW.").split()}
        return {field.name for field in model._meta.fields if f"NEW.{field.column}" in columns}
    return set(getattr(constraint, "fields", ()))


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_of_composite_keys_repeats_the_primary_key(name: str) -> None:
    model, constraint = OURS[name]
    assert model._meta.pk.name in constraint.fields
    assert (
        any(
            isinstance(other, CompositeForeignKey)
            and (other.to == model._meta.label and other.to_fields == constraint.fields)
            for _model, other in OURS.values()
        )
        or name == "meter_id_distributor"
    )


@pytest.mark.django_db
@pytest.mark.parametrize("pick", ["person", "meter", "version"])
def test_a_second_row_with_the_same_id_is_refused(pick: str) -> None:
    kit = Kit()
    row = kit.entity_of(kit.person()) if pick == "person" else getattr(kit, pick)
    with pytest.raises(IntegrityError), transaction.atomic():
        raw_insert(row)


def test_no_constraint_of_ours_has_a_condition() -> None:
    """MariaDB would leave a conditional unique constraint out without a word."""
    unique = [one for _model, one in OURS.values() if isinstance(one, UniqueConstraint)]
    assert unique
    assert not [one.name for one in unique if one.condition is not None]


def test_names_fit_the_database_and_are_told_apart() -> None:
    names = [str(constraint.name) for _model, constraint in our_constraints()]
    assert len(names) == len(set(names))
    assert max(len(f"{name}_insert") for name in names) <= 64


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(name for name, pair in FROZEN.items() if "DELETE" in pair[1].on))
def test_replace_does_not_rewrite_what_is_written_once(name: str) -> None:
    row, values = EXAMPLES[name].change(Kit())
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        raw_replace(row, **values)
    row.refresh_from_db()
    assert all(getattr(row, field) != value for field, value in values.items())


@pytest.mark.django_db
def test_every_trigger_of_a_constraint_stands_in_the_database() -> None:
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "mysql": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
    }
    with connection.cursor() as cursor:
        cursor.execute(sql[connection.vendor])
        there = {row[0] for row in cursor.fetchall()}
    wanted = {
        f"{name}_{event.lower()}"
        for name, (_model, constraint) in OURS.items()
        for event in getattr(constraint, "on", ())
    }
    assert there == wanted
