"""Programs and events over REST."""

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import ApiToken
from events.api import EventViewSet, ProgramViewSet
from events.models import Event, EventState
from events.tests.world import make_announced, make_draft, make_program, next_span
from tests.builder import make_token

pytestmark = pytest.mark.django_db
factory = APIRequestFactory()
LIST = EventViewSet.as_view({"get": "list", "post": "create"})
DETAIL = EventViewSet.as_view({"get": "retrieve", "delete": "destroy"})
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


def test_an_event_is_seven_fields_and_the_newest_comes_first(world, program):
    make_draft(program)
    later = make_announced(program, days=3)
    rows = call(LIST, "get", world.here.admin).data["results"]
    assert [row["state"] for row in rows] == ["notified", "draft"]
    assert set(rows[0]) == {"id", "program", "start", "end", "state", "modification_number", "targets"}
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
    assert call(DETAIL, "get", world.here.resident, pk=announced.pk).status_code == 200
    assert call(DETAIL, "get", world.here.resident, pk=draft.pk).status_code == 404
    for stranger in (world.here.neighbor, world.there.admin, world.there.resident):
        assert call(DETAIL, "get", stranger, pk=announced.pk).status_code == 404
        assert call(DETAIL, "delete", stranger, pk=announced.pk).status_code == 404


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
