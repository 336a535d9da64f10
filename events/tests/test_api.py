"""Programs and events over REST."""

from datetime import timedelta

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import ApiToken
from delivery.models import Message
from events.api import EventViewSet, ProgramViewSet
from events.models import Event, EventState
from events.services import advance_events, cancel_event, publish_version
from events.tests.world import make_announced, make_draft, make_program, make_terms, next_span
from tests.builder import make_token

pytestmark = pytest.mark.django_db
factory = APIRequestFactory()
LIST = EventViewSet.as_view({"get": "list", "post": "create"})
DETAIL = EventViewSet.as_view({"get": "retrieve", "delete": "destroy", "patch": "partial_update"})
CANCEL = EventViewSet.as_view({"post": "cancel"})
PROGRAMS = ProgramViewSet.as_view({"get": "list"})
PROGRAM = ProgramViewSet.as_view({"get": "retrieve"})


@pytest.fixture
def program(world):
    return make_program(world.here.distributor)


def call(view, method, user, data=None, scopes=None, path="/", **kwargs):
    """The response of a view for a user, by session or with a token of these scopes."""
    request = getattr(factory, method)(path, data, **({"format": "json"} if data is not None else {}))
    token = None
    if scopes is not None:
        token = ApiToken.objects.get(pk=make_token(user, *scopes)[0].pk)
    force_authenticate(request, user=user, token=token)
    response = view(request, **kwargs)
    response.render()
    return response


def span_of(program):
    start, end = next_span(7)
    return {"program": program.pk, "start": start.isoformat(), "end": end.isoformat()}


FOR_EVERYBODY = {
    "id", "program", "start", "end", "state", "modification_number", "note", "is_test", "notified_at", "opt_until",
    "cancel_reason",
}  # fmt: skip
INNER = {"targets", "target_kw", "expected_kw", "reserved", "needs_second", "approved_at"}


def test_an_event_has_its_fields_and_the_newest_comes_first(world, program):
    make_draft(program)
    later = make_announced(program, days=3)
    rows = call(LIST, "get", world.here.admin).data["results"]
    assert [row["state"] for row in rows] == ["notified", "draft"]
    assert set(rows[0]) == FOR_EVERYBODY | INNER
    assert rows[0]["id"] == later.pk
    assert call(DETAIL, "get", world.here.admin, pk=later.pk).data == rows[0]


def test_events_are_listed_by_state(world, program):
    make_draft(program)
    make_announced(program, days=3)
    rows = call(LIST, "get", world.here.admin, path="/?state=draft").data["results"]
    assert [row["state"] for row in rows] == ["draft"]
    assert call(LIST, "get", world.here.admin, path="/?state=odd").status_code == 400


def test_customers_see_what_was_announced_to_them_and_strangers_nothing(world, program):
    draft, announced = make_draft(program), make_announced(program, days=3)
    shown = call(DETAIL, "get", world.here.resident, pk=announced.pk)
    assert (shown.status_code, set(shown.data)) == (200, FOR_EVERYBODY)
    assert call(DETAIL, "get", world.here.resident, pk=draft.pk).status_code == 404
    for stranger in (world.here.neighbor, world.there.admin, world.there.resident):
        assert call(DETAIL, "get", stranger, pk=announced.pk).status_code == 404
        assert call(DETAIL, "delete", stranger, pk=announced.pk).status_code == 404
        assert call(DETAIL, "patch", stranger, {}, pk=announced.pk).status_code == 404
        assert call(CANCEL, "post", stranger, {"reason": "storm"}, pk=announced.pk).status_code == 404


def test_an_admin_makes_a_draft_and_nobody_else_does(world, program):
    response = call(LIST, "post", world.here.admin, span_of(program))
    assert response.status_code == 201, response.data
    assert Event.objects.get().created_by == world.here.admin
    assert response.data["state"] == "draft"
    for user in (world.here.resident, world.here.staff, world.here.auditor, world.here.organization_admin):
        assert call(LIST, "post", user, span_of(program)).status_code == 403
    assert call(LIST, "post", world.there.admin, span_of(program)).status_code == 400
    assert Event.objects.count() == 1


@pytest.mark.parametrize("change", [{"end": "2020-01-01T00:00:00Z"}, {"start": "soon"}, {"program": "x"}])
def test_a_draft_that_cannot_be_is_refused_in_words(world, program, change):
    response = call(LIST, "post", world.here.admin, span_of(program) | change)
    assert response.status_code == 400
    assert not Event.objects.exists()


def test_the_same_event_twice_is_refused(world, program):
    data = span_of(program)
    call(LIST, "post", world.here.admin, data)
    response = call(LIST, "post", world.here.admin, data)
    assert response.status_code == 400
    assert "already" in str(response.data)


def test_an_event_can_be_deleted_until_it_is_announced(world, program):
    draft, announced = make_draft(program), make_announced(program, days=3)
    assert call(DETAIL, "delete", world.here.staff, pk=draft.pk).status_code == 403
    assert call(DETAIL, "delete", world.here.admin, pk=draft.pk).status_code == 204
    response = call(DETAIL, "delete", world.here.admin, pk=announced.pk)
    assert response.status_code == 409
    assert "Cancel it instead" in str(response.data)
    assert Event.objects.get().state == EventState.NOTIFIED


def test_a_token_needs_the_scope(world, program):
    admin, data = world.here.admin, span_of(program)
    assert call(LIST, "get", admin, scopes=["events:read"]).status_code == 200
    assert call(LIST, "get", admin, scopes=["events:write"]).status_code == 403
    assert call(LIST, "post", admin, data, scopes=["events:read"]).status_code == 403
    assert call(LIST, "post", admin, data, scopes=["events:write"]).status_code == 201
    assert call(PROGRAMS, "get", admin, scopes=["meters:read"]).status_code == 403


def test_a_draft_may_say_whom_it_asks_what_for_and_that_it_is_a_test(world, program):
    asked = [
        f"meter-{world.here.home.pk}", f"organization-{world.here.organization.pk}",
        "circle:40.7,-74.0,500.0:Old town", "polygon:40.0,-74.0;41.0,-74.0;41.0,-73.0:Shore",
    ]  # fmt: skip
    said = {"targets": asked, "note": "Hot evening", "target_kw": "40.5", "is_test": True}
    response = call(LIST, "post", world.here.admin, span_of(program) | said)
    assert response.status_code == 201, response.data
    assert set(response.data["targets"]) == {*asked[:2], "circle:40.7,-74.0,500:Old town", asked[3]}
    shown = [response.data[name] for name in ("note", "target_kw", "is_test", "expected_kw", "needs_second")]
    assert shown == ["Hot evening", "40.500", True, "51.000", False]
    again = {name: response.data[name] for name in ("targets", "note", "target_kw", "is_test")}
    assert call(DETAIL, "patch", world.here.admin, again, pk=response.data["id"]).data["targets"] == again["targets"]


BAD_WORDS = [
    {"targets": ["meter-0"]}, {"targets": ["circle:1,2,-5:x"]}, {"targets": ["polygon:1,2:x"]}, {"targets": "meter-1"},
    {"targets": ["x" * 7000]}, {"note": "x" * 501}, {"target_kw": "-1"}, {"target_kw": "1e30"}, {"is_test": "perhaps"},
]  # fmt: skip


@pytest.mark.parametrize("said", BAD_WORDS)
def test_what_a_draft_cannot_say_is_refused(world, program, said):
    assert call(LIST, "post", world.here.admin, span_of(program) | said).status_code == 400
    assert not Event.objects.exists()


def test_another_distributors_meter_is_no_target(world, program):
    said = {"targets": [f"meter-{world.there.home.pk}"]}
    assert call(LIST, "post", world.here.admin, span_of(program) | said).status_code == 400
    draft = make_draft(program)
    assert call(DETAIL, "patch", world.here.admin, said, pk=draft.pk).status_code == 400


def test_a_change_of_a_draft_keeps_what_it_does_not_name(world, program):
    made = call(LIST, "post", world.here.admin, span_of(program) | {"note": "a", "targets": ["circle:40,-74,500:x"]})
    start, end = next_span(5)
    change = {"start": start.isoformat(), "end": end.isoformat(), "is_test": True}
    answer = call(DETAIL, "patch", world.here.admin, change, pk=made.data["id"])
    assert answer.status_code == 200, answer.data
    event = Event.objects.get()
    assert (event.start, event.note, event.is_test, event.targets.count()) == (start, "a", True, 1)
    assert (answer.data["modification_number"], answer.data["is_test"]) == (1, True)


def test_an_announced_event_moves_and_everybody_is_told_again(world, program):
    event = make_announced(program)
    start, end = next_span(4)
    times = {"start": start.isoformat(), "end": end.isoformat()}
    answer = call(DETAIL, "patch", world.here.admin, times, pk=event.pk)
    assert (answer.status_code, answer.data["modification_number"]) == (200, event.modification_number + 1)
    assert Message.objects.filter(payload__notice="changed").exists()


def test_what_is_fixed_does_not_change(world, program):
    event = make_announced(program)
    for change in ({"note": "b"}, {"targets": []}, {"is_test": True}):
        answer = call(DETAIL, "patch", world.here.admin, change, pk=event.pk)
        assert (answer.status_code, "Only start and end" in str(answer.data)) == (409, True)
    other = make_program(world.here.distributor, "Another")
    assert call(DETAIL, "patch", world.here.admin, {"program": other.pk, "state": "closed"}, pk=event.pk).data[
        "program"
    ] == program.pk  # fmt: skip
    cancel_event(event=event)
    times = {"end": (event.end + timedelta(hours=1)).isoformat()}
    assert call(DETAIL, "patch", world.here.admin, times, pk=event.pk).status_code == 409


def test_a_time_that_the_terms_do_not_allow_is_refused_in_words(world, program):
    publish_version(program=program, terms=make_terms(max_minutes=60))
    event = make_announced(program)
    times = {"end": (event.end + timedelta(hours=1)).isoformat()}
    answer = call(DETAIL, "patch", world.here.admin, times, pk=event.pk)
    assert (answer.status_code, "at most" in str(answer.data)) == (400, True)


def test_an_event_is_called_off_with_a_reason(world, program):
    event = make_announced(program)
    for body in ({}, {"reason": " "}, {"reason": "x" * 301}):
        assert call(CANCEL, "post", world.here.admin, body, pk=event.pk).status_code == 400
    answer = call(CANCEL, "post", world.here.admin, {"reason": "storm"}, pk=event.pk)
    assert (answer.status_code, answer.data["state"], answer.data["cancel_reason"]) == (200, "cancelled", "storm")
    assert Message.objects.filter(payload__notice="cancelled").exists()
    assert call(CANCEL, "post", world.here.admin, {"reason": "storm"}, pk=event.pk).status_code == 409


def test_a_running_event_needs_two_people(world, program):
    event = make_announced(program)
    advance_events(now=event.start)
    answer = call(CANCEL, "post", world.here.admin, {"reason": "storm"}, pk=event.pk)
    assert (answer.status_code, "second admin" in str(answer.data)) == (409, True)
    event.refresh_from_db()
    assert event.state == EventState.ACTIVE


def test_only_admins_change_and_cancel_and_tokens_need_the_scope(world, program):
    event = make_announced(program)
    for view, method, body in ((DETAIL, "patch", {"note": "x"}), (CANCEL, "post", {"reason": "storm"})):
        for user in (world.here.staff, world.here.auditor, world.here.resident, world.here.organization_admin):
            assert call(view, method, user, body, pk=event.pk).status_code == 403, (method, user)
        assert call(view, method, world.here.admin, body, scopes=["events:read"], pk=event.pk).status_code == 403
    answer = call(CANCEL, "post", world.here.admin, {"reason": "storm"}, scopes=["events:write"], pk=event.pk)
    assert answer.status_code == 200


def test_the_schema_says_what_may_be_sent():
    schema = SchemaGenerator().get_schema(request=None, public=True)
    paths, parts = schema["paths"], schema["components"]["schemas"]
    body = paths["/api/v1/events/{id}"]["patch"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    change = parts[body.rsplit("/", 1)[1]]["properties"]
    assert set(change) == {"start", "end", "targets", "note", "target_kw", "is_test"}
    assert change["targets"]["items"]["type"] == "string"
    cancel = paths["/api/v1/events/{id}/cancel"]["post"]
    assert set(cancel["responses"]) == {"200", "409"}
    assert {name for name, field in parts["Event"]["properties"].items() if field.get("readOnly")} >= {
        "state", "expected_kw", "reserved", "needs_second",
    }  # fmt: skip


def test_programs_show_their_terms_to_everybody_of_the_distributor(world, program):
    row = call(PROGRAM, "get", world.here.resident, pk=program.pk).data
    assert (row["name"], row["zone"]) == ("Load response", "America/New_York")
    assert row["terms"]["rate_per_kw"] == "2.8000"
    assert row["terms"]["preset"] == "three-day"
    assert call(PROGRAM, "get", world.there.resident, pk=program.pk).status_code == 404
    assert call(PROGRAMS, "get", world.there.resident).data["results"] == []


def test_lists_take_a_fixed_number_of_queries(world, program, django_assert_max_num_queries):
    for days in range(2, 8):
        make_draft(program, days)
        make_program(world.here.distributor, f"Program {days}")
    with django_assert_max_num_queries(4):
        call(LIST, "get", world.here.admin)
    with django_assert_max_num_queries(5):
        call(PROGRAMS, "get", world.here.admin)
