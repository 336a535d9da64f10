"""Mass assignment: every field of every model sent to every form; nothing changes but what the form is for."""

from typing import Any

import pytest
from django.apps import apps
from django.urls import reverse

from tests.access.bodies import admin_body, body_of, model_of
from tests.access.outcome import HISTORY, Outcome, send
from tests.access.poison import NEVER, every_field
from tests.access.routes import Route, all_routes
from tests.access.watch import Change, Rows
from tests.access.world import PASSWORD, AccessWorld

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# What a change of an event or of an answer writes for the devices behind its meters.
TOLD_TO_DEVICES = {
    "openadr_changecounter+", "openadr_changecounter.number", "openadr_venchange+", "openadr_deliveryrecord+",
    *(
        f"openadr_eventdelivery.{name}"
        for name in ("is_cancelled", "due_at", "modification_number", "changed_at")
    ),
}  # fmt: skip


def new(outcome: Outcome, table: str) -> dict[str, Any]:
    """The one new row of a table."""
    (row,) = outcome.new(table)
    return row


def sent(access: AccessWorld, before: Rows, role: str, name: str, *args: Any) -> Outcome:
    """A POST to a named route with its own body and every field besides."""
    address = reverse(name, args=args)
    (route, *_) = [route for route in all_routes() if route.name == name]
    body = every_field(access.there) | body_of(access, route, address)
    return send(access.roles[role], before, "POST", address, body)


PROFILE = ("first_name", "last_name", "theme", "language", "quiet_from", "quiet_until")


@pytest.mark.parametrize("role", ["resident", "member", "org admin", "staff", "admin", "platform"])
def test_own_account_changes_name_and_colors(access: AccessWorld, before: Rows, role: str):
    outcome = sent(access, before, role, "account_profile")
    assert outcome.word == "saves"
    assert outcome.columns == {f"accounts_user.{name}" for name in PROFILE}
    (change,) = [change for change in outcome.changes if change.table == "accounts_user"]
    assert change.after["entity_id"] == access.roles[role].user.pk


def test_address_and_password_change_nothing_else(access: AccessWorld, before: Rows):
    added = sent(access, before, "resident", "account_email")
    assert added.columns == {"account_emailaddress+", "delivery_message+"}
    address = new(added, "account_emailaddress")
    assert (address["verified"], address["primary"]) == (False, False)
    assert address["user_id"] == access.world.here.resident.pk
    changed = sent(access, before, "resident", "account_change_password")
    told = {"delivery_message+", "delivery_notice+"}
    # Other sessions end with it, and so does the address of the calendar.
    ended = {"usersessions_usersession+", "usersessions_usersession-", "events_calendarfeed-"}
    assert {"accounts_user.password", *told} <= changed.columns <= {"accounts_user.password", *told, *ended}


def test_new_token_is_the_own_one_with_the_chosen_scopes(access: AccessWorld, before: Rows):
    outcome = sent(access, before, "resident just now", "account_token_new")
    assert outcome.columns - {"delivery_message+", "delivery_notice+"} == {"accounts_apitoken+"}
    token = new(outcome, "accounts_apitoken")
    assert token["user_id"] == access.world.here.resident.pk
    assert "write" not in token["scopes"]
    greedy = {"name": "new", "scopes": ["meters:read", "events:write"], "days": "30"}
    assert send(access.roles["resident just now"], before, "POST", "/account/tokens/new", greedy).word == "nothing"


def test_closing_an_account_closes_the_own_one(access: AccessWorld, before: Rows):
    (route,) = [route for route in all_routes() if route.name == "account_close"]
    own = {"address": f"hither-{access.world.here.resident.pk}@example.com", "password": PASSWORD}
    body = every_field(access.there) | body_of(access, route, "/account/close") | own
    outcome = send(access.roles["resident just now"], before, "POST", "/account/close", body)
    closed = {
        change.after["entity_id"] for change in outcome.changes if change.table == "accounts_user" and change.after
    }
    assert closed == {access.world.here.resident.pk}
    settled = ("settlement_", "meters_intervalreading")
    assert not [change.table for change in outcome.changes if change.table.startswith(settled)]


def test_wish_for_an_organization_is_a_request_to_the_own_distributor(access: AccessWorld, before: Rows):
    (route,) = [route for route in all_routes() if route.name == "account_signup"]
    body = every_field(access.there) | body_of(access, route, "/accounts/signup/")
    body |= {"organization": "", "new_organization": "Hither Museum of Poison", "message": "It is ours."}
    outcome = send(access.roles["visitor"], before, "POST", "/accounts/signup/", body)
    wish = new(outcome, "organizations_organizationrequest")
    assert (wish["distributor_id"], wish["state"]) == (access.world.here.distributor.pk, "pending")
    assert wish["organization_id"] is None
    assert not outcome.new("organizations_organization") + outcome.new("organizations_membership")


@pytest.mark.parametrize("organization", [False, True])
def test_sign_up_makes_a_customer_who_waits(access: AccessWorld, before: Rows, organization: bool):
    side = access.world.here
    (route,) = [route for route in all_routes() if route.name == "account_signup"]
    body = every_field(access.there) | body_of(access, route, "/accounts/signup/")
    body["organization"] = side.organization.pk if organization else ""
    outcome = send(access.roles["visitor"], before, "POST", "/accounts/signup/", body)
    made = {"accounts_entity+", "accounts_user+", "account_emailaddress+", "delivery_message+"}
    assert outcome.columns == made | ({"organizations_membership+"} if organization else set())
    user, entity = new(outcome, "accounts_user"), new(outcome, "accounts_entity")
    assert (user["staff_role"], user["approval_status"]) == ("", "pending")
    assert not user["is_superuser"]
    assert (entity["kind"], entity["tenant_id"]) == ("user", side.distributor.pk)
    assert not new(outcome, "account_emailaddress")["verified"]
    if organization:
        row = new(outcome, "organizations_membership")
        assert (row["organization_id"], row["role"]) == (side.organization.pk, "member")


def test_organization_decides_on_what_it_is_asked(access: AccessWorld, before: Rows):
    approved = sent(access, before, "org admin", "organization_approvals")
    decided = {f"organizations_membership.decided_{name}" for name in ("at", "by_id")}
    assert approved.columns == {"accounts_user.approval_status", "delivery_message+", "delivery_notice+"} | decided
    promoted = sent(access, before, "org admin", "organization_people")
    assert promoted.columns == {"organizations_membership.role", "delivery_message+", "delivery_notice+"}


@pytest.mark.parametrize("role", ["resident", "org admin"])
def test_answer_to_an_event_changes_the_answer(access: AccessWorld, before: Rows, role: str):
    outcome = sent(access, before, role, "event_answer", access.here.objects["coming"])
    answer = ("state", "answered_at", "answered_by_id", "answer_source")
    assert outcome.columns - TOLD_TO_DEVICES == {f"events_participation.{name}" for name in answer}
    rows = [change.after for change in outcome.changes if change.table == "events_participation"]
    told = {(row["state"], row["answered_by_id"], row["answer_source"]) for row in rows}
    assert told == {("opted_out", access.roles[role].user.pk, "page")}


@pytest.mark.parametrize(
    ("role", "name"), [("admin", "operator_event_new"), ("admin", "event-list"), ("token", "event-list")]
)
def test_new_event_is_a_draft_of_the_own_program(access: AccessWorld, before: Rows, role: str, name: str):
    outcome = sent(access, before, role, name)
    assert outcome.columns == {"events_event+"}
    event = new(outcome, "events_event")
    assert (event["state"], event["modification_number"], event["notified_at"]) == ("draft", 0, None)
    assert event["program_id"] == access.here.objects["program"]
    assert event["created_by_id"] == access.world.here.admin.pk


def test_step_of_an_event_changes_the_event(access: AccessWorld, before: Rows):
    outcome = sent(access, before, "admin", "operator_event", access.here.objects["coming"])
    assert outcome.columns <= TOLD_TO_DEVICES | {
        "events_event.state", "events_event.modification_number",
        "delivery_message+", "delivery_notice+", "meters_exclusion-", "meters_meter.data_version",
    }  # fmt: skip
    (event,) = [change for change in outcome.changes if change.table == "events_event"]
    assert event.after["state"] == "cancelled"


def test_sent_readings_are_measured_ones_of_the_named_meter(access: AccessWorld, before: Rows):
    (route,) = [route for route in all_routes() if route.name == "reading-list"]
    poison = every_field(access.there)
    (row,) = body_of(access, route, "/api/v1/readings")["readings"]
    # What a reading may say besides is read, and would be refused.
    strange = {name: value for name, value in poison.items() if name not in ("end", "wh", "quality")}
    body = poison | {"readings": [strange | row]}
    outcome = send(access.roles["token"], before, "POST", "/api/v1/readings", body)
    assert outcome.columns == {
        "meters_intervalreading+", "meters_meter.data_version", "meters_rollupmark+", "meters_qualitymark+",
    }  # fmt: skip
    reading = new(outcome, "meters_intervalreading")
    assert (reading["meter_id"], reading["energy_wh"]) == (access.world.here.home.pk, 400)
    assert reading["predicted_wh"] is None
    same = send(access.roles["token"], before, "POST", "/api/v1/readings", {"readings": [row]})
    assert new(same, "meters_intervalreading") == reading


FORMS = [route for route in all_routes() if model_of(route.template) and route.name.endswith(("_add", "_change"))]
# Fields that a browser leaves out while they are not ticked.
UNTICKED = {"is_active", "is_open", "is_test", "exports"}
# What the database makes of other fields of the row.
GENERATED = {"current_resident", "resident_meter"}
# What a service writes besides the row itself.
BESIDES = {
    # New terms, and everybody who is enrolled reads of them.
    "events/program": {"events_programversion+", "delivery_message+", "delivery_notice+"},
    "events/enrollment": {"events_nomination+"},
    "organizations/organizationgroup": {"organizations_groupmember+"},
    "meters/meter": {"meters_metermap+"},
    # The sums of whose the meter was and is are made again.
    "meters/metermap": {"meters_scopemark+"},
}
# Columns of other rows that say what a change of the row makes old. Their value is the portal's: see NEVER.
MADE_OLD = {"meters/metermap": {"meters_meter.data_version"}}


@pytest.mark.parametrize("route", FORMS, ids=lambda route: route.template)
def test_admin_form_saves_its_own_fields(access: AccessWorld, before: Rows, route: Route):
    model = model_of(route.template)
    address = route.address([access.here.rows.get(model)] * len(route.parameters))
    shown = admin_body(access, route, address, access.here)
    outcome = send(access.roles["admin"], before, "POST", address, every_field(access.there) | shown)
    table = apps.get_model(model.replace("/", "."))._meta.db_table
    for change in outcome.changes:
        _must_be_meant(change, table, model, shown, access)


def _must_be_meant(change: Change, table: str, model: str, shown: dict[str, Any], access: AccessWorld) -> None:
    """A log entry, a new row of one's own distributor, or fields of the form in the row that it shows."""
    names = set(change.columns)
    if change.before is None:
        written = {"django_admin_log+", "accounts_entity+", f"{HISTORY}+", f"{table}+"}
        assert names <= written | BESIDES.get(model, set())
        _must_be_of_here(change.after or {}, access)
        return
    if names <= MADE_OLD.get(model, set()):
        _must_be_next(change)
        return
    assert change.table == table, names
    fields = {name.removesuffix("_0").removesuffix("_1") for name in shown} | UNTICKED
    changed = {name.partition(".")[2] for name in names} - GENERATED
    if table == "events_event" and "created_by_id" in changed:
        # Whoever changes a draft answers for it, and somebody else agrees.
        assert (change.after or {})["created_by_id"] == access.world.here.admin.pk
        changed -= {"created_by_id"}
    if table == "settlement_baselinerule":
        changed -= {"data", "sha256"}  # the rule's text and hash, made of its fields
    assert changed <= fields | {f"{name}_id" for name in fields}, changed
    assert changed.isdisjoint(NEVER)


def _must_be_next(change: Change) -> None:
    """A version counts on, whatever was sent as one."""
    assert change.before is not None
    assert change.after is not None
    assert change.after["data_version"] == change.before["data_version"] + 1


def _must_be_of_here(row: dict[str, Any], access: AccessWorld) -> None:
    here = access.here.side.distributor.pk
    expected = {"tenant_id": here, "distributor_id": here, "is_superuser": False, "approval_status": "pending"}
    assert {name: row[name] for name in expected if name in row} == {
        name: expected[name] for name in expected if name in row
    }
    assert row.get("kind") != "distributor"


def test_group_takes_no_organization_of_the_other_distributor(access: AccessWorld, before: Rows):
    (route,) = [route for route in FORMS if route.name == "admin:organizations_organizationgroup_change"]
    address = route.address([access.here.rows["organizations/organizationgroup"]])
    body = admin_body(access, route, address, access.here)
    body |= {"members-0-organization": access.there.side.organization.pk}
    assert send(access.roles["admin"], before, "POST", address, body).word == "nothing"
    page = {"name": "Ours", "organizations": [access.there.side.organization.pk]}
    own = f"/ops/groups/{access.here.objects['group']}"
    assert send(access.roles["admin"], before, "POST", own, page).word == "nothing"


@pytest.mark.parametrize("kind", ["organization", "group", "feeder"])
def test_event_asks_nobody_of_the_other_distributor(access: AccessWorld, before: Rows, kind: str):
    rows = {"group": "organizationgroup", "organization": "organization"}
    (route,) = [route for route in all_routes() if route.name == "operator_event_new"]
    row = access.there.rows["meters/feeder" if kind == "feeder" else f"organizations/{rows[kind]}"]
    body = body_of(access, route, "/ops/events/new") | {"ask": [f"{kind}-{row}"]}
    assert send(access.roles["admin"], before, "POST", "/ops/events/new", body).word == "nothing"
