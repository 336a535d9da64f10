"""Exclusions over HTTP: who lists, enters and removes them."""

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import AuditEntry, Scope
from meters.api import ExclusionViewSet
from meters.models import Exclusion, Feeder
from meters.services import exclude
from meters.tests.helpers import slot
from tests.builder import make_token

pytestmark = pytest.mark.django_db


def call(method, user, path="/", data=None, token=None, headers=None, **kwargs):
    kind = "json" if data is not None else None
    request = getattr(APIRequestFactory(), method)(path, data, format=kind, headers=headers)
    if user is not None:
        force_authenticate(request, user, token)
    actions = {"get": "retrieve" if kwargs else "list", "post": "create", "delete": "destroy"}
    response = ExclusionViewSet.as_view({method: actions[method]})(request, **kwargs)
    response.render()
    return response


def entered(**changes):
    values = {
        "meter": "Hither-home",
        "start": slot(0).isoformat(),
        "end": slot(4).isoformat(),
        "note": "storm",
    } | changes
    return {name: value for name, value in values.items() if value is not None}


def test_an_outage_is_entered_once_however_often_it_is_sent(world):
    here = world.here
    first, again = (call("post", here.admin, data=entered()) for _time in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    row = Exclusion.objects.get()
    assert first.data == again.data
    assert first.data == {
        "id": row.pk,
        "kind": "outage",
        "meter": "Hither-home",
        "feeder": None,
        "start": "2024-07-01T12:00:00Z",
        "end": "2024-07-01T14:00:00Z",
        "note": "storm",
        "source": "api",
    }
    assert (row.created_by, AuditEntry.objects.get(act="exclusion.add").actor) == (here.admin, here.admin)


def test_under_a_key_the_answer_is_the_first_one(world):
    headers = {"Idempotency-Key": "k"}
    first, again = (call("post", world.here.admin, data=entered(), headers=headers) for _time in range(2))
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")


def test_a_feeder_is_named_instead(world):
    feeder = Feeder.objects.get(distributor=world.here.distributor)
    answer = call("post", world.here.admin, data=entered(meter=None, feeder=feeder.name, kind="test"))
    assert (answer.status_code, Exclusion.objects.get().feeder) == (201, feeder)


@pytest.mark.parametrize(
    "changes",
    [
        {"meter": None},
        {"feeder": "Hither North"},
        {"meter": "Thither-home"},
        {"meter": None, "feeder": "Thither North"},
        {"kind": "event"},
        {"kind": 7},
        {"end": slot(0).isoformat()},
        {"end": "2034-07-01T12:00Z"},
        {"start": "noon"},
        {"start": None},
        {"note": "x" * 201},
        {"meter": ["a"]},
    ],
)
def test_what_cannot_be_meant_is_refused(world, changes):
    assert call("post", world.here.admin, data=entered(**changes)).status_code == 400
    assert not Exclusion.objects.exists()


def test_only_admins_enter_and_remove(world):
    here = world.here
    call("post", here.admin, data=entered())
    pk = Exclusion.objects.get().pk
    for name in ("staff", "auditor", "resident", "organization_admin", "member", "pending"):
        assert call("post", getattr(here, name), data=entered(note="")).status_code == 403
    assert call("post", None, data=entered()).status_code == 401
    for name, status in (("staff", 403), ("resident", 403), ("neighbor", 404), ("member", 404), ("pending", 404)):
        assert call("delete", getattr(here, name), pk=pk).status_code == status
    assert call("delete", world.there.admin, pk=pk).status_code == 404
    assert Exclusion.objects.count() == 1
    assert call("delete", here.admin, f"/?reason={'x' * 300}", pk=pk).status_code == 204
    assert AuditEntry.objects.get(act="exclusion.remove").reason == "x" * 200
    assert call("delete", here.admin, pk=pk).status_code == 404


def test_an_events_time_goes_with_the_event(world):
    here = world.here
    exclude(kind="event", meters=[here.home], start=slot(0), end=slot(1), source="event 1")
    assert call("delete", here.admin, pk=Exclusion.objects.get().pk).status_code == 403
    assert call("get", here.resident, pk=Exclusion.objects.get().pk).data["kind"] == "event"


def test_a_token_needs_the_scope_of_meters(world):
    here = world.here
    reader, writer = (make_token(here.admin, scope)[0] for scope in (Scope.METERS_READ, Scope.METERS_WRITE))
    assert call("post", here.admin, data=entered(), token=reader).status_code == 403
    assert call("post", here.admin, data=entered(), token=writer).status_code == 201
    assert call("get", here.admin, token=reader).data["count"] == 1
    assert call("get", here.admin, token=writer).status_code == 403


def test_the_list_is_chosen_by_meter_kind_and_time(world, django_assert_num_queries):
    here = world.here
    call("post", here.admin, data=entered())
    call("post", here.admin, data=entered(meter="Hither-school", kind="idle", end=slot(9).isoformat()))

    def listed(query, user=here.admin):
        return [row["meter"] for row in call("get", user, query).data["results"]]

    assert listed("/") == ["Hither-school", "Hither-home"]
    assert listed("/?meter=Hither-home") == ["Hither-home"]
    assert listed("/?kind=idle") == ["Hither-school"]
    assert listed(f"/?start={slot(5):%Y-%m-%dT%H:%M:%SZ}") == ["Hither-school"]
    assert listed(f"/?end={slot(0):%Y-%m-%dT%H:%M:%SZ}") == []
    assert listed("/", here.resident) == ["Hither-home"]
    assert listed("/", world.there.admin) == []
    assert call("get", here.admin, "/?start=now").status_code == 400
    assert call("get", here.admin, "/?kind=party").status_code == 400
    with django_assert_num_queries(2):
        listed("/")
