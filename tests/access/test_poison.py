"""Mass assignment, of whatever takes something: all fields of all models besides the body change nothing more."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps

from tests.access.cases import Case, all_cases
from tests.access.outcome import SAFE, Outcome, send
from tests.access.poison import NEVER, every_field
from tests.access.watch import Change, Rows
from tests.access.world import AccessWorld

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
# Whose column says which distributor, organization or person a row is of.
WHOSE = (*NEVER, "role", "staff_role", "user_id", "organization_id", "program_id", "created_by_id")
# Refused whole, because a field of their own gets a row of the other distributor, or what is no value for it.
REFUSED = {
    "/accounts/signup/",
    "/admin/meters/meter/add/",
    "/admin/meters/meter/<object_id>/change/",
    "/ops/brand",
    "/ops/groups/<pk>",
    "/ops/programs/<pk>/draft",
    "/programs/<pk>/part",
    "/events/wishes",
    "/ops/upstream/<pk>/change",
    "/ops/upstream/new",
    "/ops/vens/new",
}
# Fields that these have themselves and do not send: what poisons them is refused, which would hide the rest.
OWN = {
    "/ops/imports/new": ("meter", "unit", "zone"),
    "/org/imports/new": ("meter", "unit", "zone"),
    "/ops/outages": ("feeder",),
    "/api/v1/exclusions": ("feeder", "kind"),
    # Boxes that are not ticked, and what a PATCH may leave out.
    "/admin/events/program/<object_id>/change/": ("business_days_only", "is_exclusive"),
    "/admin/events/event/<object_id>/change/": ("is_test",),
    "/api/v1/events/<pk>": ("targets", "is_test", "note", "target_kw"),
}

# What the columns of WHOSE point to.
NUMBERED = ("accounts_entity", "events_program")


def _writes() -> Iterator[Case]:
    """Each line that takes something, once: for the first role that saves by it, or else is let in."""
    found: dict[tuple[str, str], Case] = {}
    for case in all_cases():
        if case.method in SAFE or case.expected not in ("saves", "nothing"):
            continue
        key = (case.row.address + case.route.template, case.method)
        if key not in found or (case.expected == "saves" != found[key].expected):
            found[key] = case
    return iter(found.values())


WRITES = tuple(_writes())


def _whose(changes: tuple[Change, ...]) -> set[tuple[str, str, str]]:
    """What the changed rows say of who they belong to and what they allow."""
    made = _made(changes)
    return {
        (change.table, name, str(change.after[name]))
        for change in changes
        for name in WHOSE
        if change.after is not None and name in change.after and change.after[name] not in made
        # Another each time: a secret, and the clock of a new row.
        if name != "digest" and not (name == "date_joined" and change.before is None)
    }


def _made(changes: tuple[Change, ...]) -> set[Any]:
    """Ids of entities and programs made in the same request: MariaDB gives none out twice, even after a rollback.

    Ids of other rows are left out: they may happen to be the number of a distributor, or a version.
    """
    new = [change for change in changes if change.before is None and change.after is not None]
    return {change.after["id"] for change in new if change.after and change.table in NUMBERED}


def _poisoned(case: Case, access: AccessWorld, before: Rows) -> Outcome:
    own = OWN.get(case.route.template, ())
    poison = {name: value for name, value in every_field(access.there).items() if name not in own}
    body = poison | case.body(access)
    return send(access.roles[case.role], before, case.method, case.address(access), body)


def test_nothing_more_is_taken_than_what_is_meant(access: AccessWorld, before: Rows):
    wrong, refused = [], set()
    for case in WRITES:
        clean, poisoned = case.known_outcome(access, before), _poisoned(case, access, before)
        if clean.changes and not poisoned.changes:
            refused.add(case.route.template)
        more = poisoned.columns - clean.columns
        whose = _whose(poisoned.changes) - _whose(clean.changes)
        if (poisoned.changes and not clean.changes) or more or whose:
            wrong.append(f"{case.role}: {case.method} {case.route.template}: {sorted(more)} {sorted(whose)}")
    assert not wrong, "\n".join(wrong)
    assert refused == REFUSED


def test_every_field_reaches_what_it_aims_at(access: AccessWorld):
    body = every_field(access.there)
    assert len(body) > 100
    assert body["tenant"] == body["distributor_id"] == access.there.side.distributor.pk
    assert {field.name for field in apps.get_model("accounts.User")._meta.concrete_fields} <= body.keys()
