"""No foreign key leads from one distributor to another, however the row is written."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.db import IntegrityError
from django.db.models import Model

from accounts.models import Entity
from common.constraints import AppendOnly
from organizations.models import Distributor
from tests.rules.examples import tenancy
from tests.rules.examples.books import waiting_month
from tests.rules.examples.devices import stored_ven
from tests.rules.examples.example import Change, again
from tests.rules.examples.imports import stored_import
from tests.rules.kit import Kit
from tests.rules.tenancy import FIXED, REASONS, SAME, Refused
from tests.rules.writes import WRITE_CHANGE, WRITE_NEW, refusal
from tests.test_constraints import ROOMS

PATHS = ("save", "bulk", "update", "raw")


def keys() -> Iterator[tuple[str, str]]:
    """(model, field) of every foreign key of ours to a row that belongs to a distributor."""
    owned = _owned()
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if model._meta.app_label in ROOMS and field.remote_field and field.related_model in owned:
                yield model._meta.label, field.name


def _owned() -> set[type[Model]]:
    """Models whose rows lead to a distributor, directly or over others."""
    found: set[type[Model]] = {Entity, Distributor}
    while True:
        more = {
            model
            for model in apps.get_models()
            if model._meta.app_label in ROOMS
            and any(field.remote_field and field.related_model in found for field in model._meta.local_fields)
        }
        if more <= found:
            return found
        found |= more


def test_every_key_has_a_rule_or_a_reason() -> None:
    told = [*SAME, *FIXED, *REASONS]
    assert set(told) == set(keys())


def test_a_key_is_told_once_and_a_reason_is_a_sentence() -> None:
    assert not set(SAME) & set(REASONS)
    assert not set(FIXED) & set(REASONS)
    assert all(len(only.reason) > 20 for only in REASONS.values())


def _new_row(rule: Refused) -> Callable[[Kit], Model]:
    def make(kit: Kit) -> Model:
        row, values = rule.change(kit)
        return again(row, **{**rule.fresh(kit), **values})

    return make


def _names_in(error: Exception) -> set[str]:
    return set(re.findall(r"\w+", str(error)))


def _is_frozen(model: type[Model]) -> bool:
    return any(isinstance(constraint, AppendOnly) for constraint in model._meta.constraints)


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", sorted(SAME), ids=".".join)
def test_a_strangers_row_is_refused(key: tuple[str, str], path: str) -> None:
    rule = SAME[key]
    if path != "update":
        _assert_refused(rule, lambda kit: WRITE_NEW[path](_new_row(rule)(kit)))
    _assert_refused(rule, lambda kit: WRITE_CHANGE[path](*rule.change(kit)))


def _assert_refused(rule: Refused, attempt: Callable[[Kit], None]) -> None:
    error = refusal(attempt, Kit())
    assert isinstance(error, IntegrityError), repr(error)
    # SQLite names no composite key.
    assert _names_in(error) & set(rule.by) or "foreign key" in str(error).lower(), str(error)


OWNERS: dict[tuple[str, str], Callable[[Kit], Change]] = {
    ("accounts.Entity", "tenant"): lambda kit: (kit.holder, {"tenant": kit.entity_of(kit.there)}),
    ("meters.Meter", "distributor"): lambda kit: (kit.meter, {"distributor": kit.there}),
    ("meters.Feeder", "distributor"): lambda kit: (kit.feeder, {"distributor": kit.there}),
    ("meters.ImportBatch", "distributor"): lambda kit: (stored_import(kit), {"distributor": kit.there}),
    ("forecasting.Forecast", "distributor"): lambda kit: (kit.forecast, {"distributor": kit.there}),
    ("events.Program", "distributor"): lambda kit: (kit.program, {"distributor": kit.there}),
    ("events.Event", "program"): lambda kit: (kit.event, {"program": kit.foreign_program}),
    ("events.ProgramVersion", "program"): lambda kit: (kit.version, {"program": kit.foreign_program}),
    ("openadr.Ven", "distributor"): lambda kit: (stored_ven(kit), {"distributor": kit.there}),
    ("settlement.SettlementRun", "event"): lambda kit: (kit.run, {"event": tenancy.foreign_run(kit).event}),
    ("settlement.LedgerBatch", "distributor"): lambda kit: (kit.batch, {"distributor": kit.there}),
    ("settlement.MonthRun", "program"): lambda kit: (waiting_month(kit), {"program": kit.foreign_program}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", sorted(OWNERS), ids=".".join)
def test_what_others_rely_on_stays_with_its_distributor(key: tuple[str, str], path: str) -> None:
    error = refusal(lambda kit: WRITE_CHANGE[path](*OWNERS[key](kit)), Kit())
    assert isinstance(error, IntegrityError), repr(error)


@pytest.mark.parametrize("key", sorted(set(FIXED) - set(OWNERS)), ids=".".join)
def test_the_rest_is_never_changed_at_all(key: tuple[str, str]) -> None:
    assert _is_frozen(apps.get_model(key[0]))
