"""Whatever changes leaves a line in the change history: who it was, and whose history it belongs to."""

from functools import cache

import pytest
from auditlog.registry import auditlog

from tests.access.cases import Case, all_cases
from tests.access.outcome import HISTORY, Outcome
from tests.access.watch import Change, Rows
from tests.access.world import AccessWorld

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
# Nobody is signed in: whoever signs up, is invited or asks for a new password does it for themselves.
WITHOUT_ACTOR = ("account_signup", "invitation", "account_login", "account_reset_password")
# A link that stands for the person it was sent to, whoever opens it: it is they who answer.
BY_LINK = ("answer",)
# A platform operator belongs to no distributor, and neither does what they change in their own account.
OWN_PAGES = ("/account/", "/accounts/")


@cache
def _kept_columns() -> dict[str, set[str]]:
    """Table -> the columns whose changes the history tells, of each registered model."""
    found: dict[str, set[str]] = {}
    for model in auditlog.get_models():
        left_out = set(auditlog.get_model_fields(model)["exclude_fields"])
        fields = [field for field in model._meta.local_concrete_fields if field.name not in left_out]
        found[model._meta.db_table] = {field.column for field in fields}
    return found


def _is_told(change: Change) -> bool:
    """Whether the change is one that the history must tell."""
    columns = _kept_columns().get(change.table)
    if columns is None:
        return False
    if change.before is None or change.after is None:
        return True
    return any(change.before[name] != change.after[name] for name in columns)


def _fault(case: Case, outcome: Outcome, access: AccessWorld) -> str:
    """What the history lacks of one case; empty where it is as it must be."""
    entries = outcome.new(HISTORY)
    if any(_is_told(change) for change in outcome.changes) and not entries:
        return "no entry"
    visitor = access.roles[case.role]
    actors = {entry["actor_id"] for entry in entries}
    own = visitor.user.pk if visitor.user else access.world.here.admin.pk
    own = access.world.here.resident.pk if case.route.name in BY_LINK else own
    if case.route.name not in WITHOUT_ACTOR and not actors <= {own}:
        return f"by {actors} instead of {own}"
    tenants = {entry["tenant_id"] for entry in entries}
    return "" if tenants <= _tenants(case, outcome, access) else f"in the history of {tenants}"


def _tenants(case: Case, outcome: Outcome, access: AccessWorld) -> set[int | None]:
    """Whose history it may be: that of the distributor whose address was asked for."""
    if case.role == "platform" and case.route.template.startswith(OWN_PAGES):
        return {None}
    there = access.roles[case.role].side == "there" and case.route.name not in BY_LINK
    made = {row["entity_id"] for row in outcome.new("organizations_distributor")}
    return made or {(access.there if there else access.here).side.distributor.pk}


def test_every_change_has_its_line(access: AccessWorld, before: Rows):
    wrong, entries = [], 0
    for case in all_cases():
        if case.expected != "saves":
            continue
        outcome = case.known_outcome(access, before)
        entries += bool(outcome.new(HISTORY))
        if fault := _fault(case, outcome, access):
            wrong.append(f"{case.role}: {case.method} {case.route.template}: {fault} ({sorted(outcome.columns)})")
    assert not wrong, "\n".join(wrong)
    assert entries > 100
