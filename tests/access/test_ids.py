"""Ids of the other distributor, and ids of nothing, are not found."""

import random
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.urls import reverse

from tests.access.bodies import ACTIONS, body_of
from tests.access.cases import Case, all_cases
from tests.access.outcome import SAFE, foreign_words, send
from tests.access.seekers import FOR_WHOEVER_HAS_IT, NOT_FOUND, SEEKERS, pages_with_ids, routes_with_ids
from tests.access.watch import Rows
from tests.access.world import AccessWorld

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.mark.parametrize("role", SEEKERS)
def test_other_distributors_objects_are_not_found(access: AccessWorld, before: Rows, role: str):
    wrong = []
    for case in all_cases():
        is_closed = case.route in routes_with_ids() and case.route.template not in FOR_WHOEVER_HAS_IT
        if case.role != role or "<" not in case.row.address or not is_closed:
            continue
        address = case.address(access, side="there")
        body = {} if case.method in SAFE else body_of(access, case.route, address, life=access.there)
        outcome = send(access.roles[role], before, case.method, address, body)
        if case.row.objects == ["month"] and foreign_words(access.roles[role], outcome, address) == []:
            continue  # both distributors have the month; it is the reader's own that is told
        leads_on = case.route.template.startswith("/admin/") and outcome.location.endswith("/change/")
        if (not leads_on and outcome.word not in NOT_FOUND) or foreign_words(access.roles[role], outcome, address):
            wrong.append(f"{case.method} {address}: {outcome.word}")
    assert not wrong, "\n".join(wrong)


IDS = [0, 987654, 2**31, 2**32 + 1, 2**63 - 1, 2**63, 10**30, "-1", "1e3", "x", "1%00", "1'--", "..%2f1", "None", "1.0"]


@pytest.mark.parametrize("role", ["admin", "resident", "platform"])
def test_ids_of_nothing_are_not_found(access: AccessWorld, before: Rows, role: str):
    chance, wrong, tried = random.Random(7), [], 0
    for route in pages_with_ids():
        for number in chance.sample(IDS, 6):
            outcome = send(access.roles[role], before, "GET", route.address([number] * len(route.parameters)))
            tried += 1
            if outcome.word not in NOT_FOUND:
                wrong.append(f"GET {route.template} with {number}: {outcome.word}")
    assert not wrong, "\n".join(wrong)
    assert tried > 200


BEYOND = 10**30


@pytest.mark.parametrize(
    "address",
    [
        f"/api/v1/rewards?event={BEYOND}",
        f"/api/v1/events?program={BEYOND}",
        f"/ops/events?program={BEYOND}",
        f"/ops/meters?of=feeder-{BEYOND}",
        f"/admin/meters/metermap/?meter={BEYOND}",
    ],
)
def test_query_with_a_number_beyond_all_ids_finds_nothing(access: AccessWorld, before: Rows, address: str):
    assert send(access.roles["admin"], before, "GET", address).status in (200, 404)


def test_sign_up_with_a_number_beyond_all_ids_is_refused(access: AccessWorld, before: Rows):
    body = {"distributor": BEYOND, "organization": BEYOND, "email": "n@example.com"}
    assert send(access.roles["visitor"], before, "POST", "/accounts/signup/", body).word == "nothing"


def _queries(there: Any) -> list[str]:
    """Addresses whose query names an object of the other distributor."""
    objects = there.objects
    return [
        *(f"/api/v1/{name}?meter={meter}" for name in ("readings", "predictions") for meter in
          (objects["home"], "Thither-home", "0", "x", str(2**64))),
        *(f"/ops{page}?{query}" for page in ("/meters", "/map") for query in (
            f"of=organization-{objects['schools']}", f"of=group-{there.rows['organizations/organizationgroup']}",
            f"of=feeder-{there.rows['meters/feeder']}", "of=organization-x")),
        f"/ops/meters?meter={objects['home']}",
        f"/charts/map?of=organization-{objects['schools']}",
        f"/org/meters?open={objects['school']}",
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["admin", "org admin", "token"])
def test_queries_do_not_reach_the_other_distributor(access: AccessWorld, before: Rows, role: str):
    for address in _queries(access.there):
        assert send(access.roles[role], before, "GET", address).word in NOT_FOUND, address


def test_filters_of_lists_find_nothing_of_the_other_distributor(access: AccessWorld, before: Rows):
    objects = access.there.objects
    for address in (
        f"/api/v1/events?program={objects['program']}",
        f"/api/v1/rewards?event={objects['past']}",
        "/api/v1/rewards?meter=Thither-home",
        "/api/v1/meters?number=Thither-home",
        f"/ops/events?program={objects['program']}",
        f"/ops?distributor={access.there.side.distributor.pk}",
    ):
        visitor = access.roles["admin"]
        outcome = send(visitor, before, "GET", address)
        assert outcome.status in (200, 400), address
        # The address itself may come back in links of pages.
        assert foreign_words(visitor, outcome, address) == [], address
        if address.startswith("/api/") and outcome.status == 200:
            assert '"count":0' in outcome.text


@pytest.mark.parametrize("model", ACTIONS)
def test_actions_of_the_admin_leave_the_other_distributor_alone(access: AccessWorld, before: Rows, model: str):
    address = reverse(f"admin:{model.replace('/', '_')}_changelist")
    for action in (*ACTIONS[model], "delete_selected"):
        body = {"action": action, "_selected_action": [access.there.rows[model]], "post": "yes", "reason": "why"}
        outcome = send(access.roles["admin"], before, "POST", address, body)
        assert outcome.changes == (), (action, [each.columns for each in outcome.changes])
        # What it stands for does change something of one's own, where the rules allow it.
    own = {"action": ACTIONS[model][-1], "_selected_action": [access.here.rows[model]], "reason": "why"}
    assert send(access.roles["admin"], before, "POST", address, own).changes


def test_decisions_of_an_organization_do_not_reach_another(access: AccessWorld, before: Rows):
    strangers = [access.there.objects["pending"], access.world.here.other_organization_admin.membership.pk]
    for action in ("approve", "reject"):
        body = {"action": action, "ids": strangers}
        assert send(access.roles["org admin"], before, "POST", "/org/approvals", body).word == "nothing"
    for action in ("promote", "demote", "remove"):
        for stranger in (*strangers, access.there.objects["member"]):
            body = {"action": action, "id": stranger}
            assert send(access.roles["org admin"], before, "POST", "/org/people", body).word == "404"


@pytest.mark.parametrize("action", ["withdraw", "resend"])
def test_invitations_of_others_are_not_found(access: AccessWorld, before: Rows, action: str):
    ours, theirs = (life.rows["organizations/invitation"] for life in (access.here, access.there))
    for role, invitation in (("org admin", theirs), ("org admin 2", ours), ("org admin 2", 10**30)):
        body = {"action": action, "id": invitation}
        assert send(access.roles[role], before, "POST", "/org/invitations", body).word == "404", role
    assert send(access.roles["org admin"], before, "POST", "/org/invitations", {"action": action, "id": ours}).changes


def test_sessions_of_others_are_not_found(access: AccessWorld, before: Rows):
    for user in (access.world.there.resident, access.world.here.organization_admin, access.world.here.admin):
        session = UserSession.objects.filter(user=user).first()
        assert session is not None
        for role in ("resident", "platform"):
            body = {"session": session.pk}
            assert send(access.roles[role], before, "POST", "/accounts/sessions/", body).word == "404", role


def test_case_knows_its_object():
    named = [case for case in all_cases() if isinstance(case, Case) and case.row.objects]
    assert {len(case.route.parameters) == len(case.row.objects) for case in named} == {True}
