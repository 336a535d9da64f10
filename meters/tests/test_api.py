"""Meters, readings, predictions and maps over HTTP: who gets what."""

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import Scope
from meters.api import MeterMapViewSet, MeterViewSet, PredictionViewSet, ReadingViewSet
from meters.models import IntervalReading, MeterMap, ReadingRevision
from meters.services import Predictions, move_out, put_predictions
from meters.services.columns import seconds_of
from meters.tests.helpers import NOON, ingest, slot, stored
from tests.builder import make_token

pytestmark = pytest.mark.django_db


def call(view, method, user, path="/", data=None, token=None, **kwargs):
    request = getattr(APIRequestFactory(), method)(path, data, format="json" if data is not None else None)
    if user is not None:
        force_authenticate(request, user, token)
    actions = {"get": "retrieve" if kwargs else "list", "post": "create", "delete": "destroy"}
    response = view.as_view({method: actions[method]})(request, **kwargs)
    response.render()
    return response


def readings(user, meter, query="", **kwargs):
    return call(ReadingViewSet, "get", user, f"/?meter={meter}{query}", **kwargs)


def send(user, rows, **kwargs):
    return call(ReadingViewSet, "post", user, data={"readings": rows}, **kwargs)


def answer_of(**counts):
    """What an answer holds besides these."""
    nothing = dict.fromkeys(("new", "unchanged", "corrected", "repeated", "skipped", "energy_wh"), 0)
    return {**nothing, "errors": [], "unknown_meters": {}, "batch": None, **counts}


def row(meter, number, kwh="0.4"):
    return {"meter": meter.number, "start": f"{slot(number):%Y-%m-%dT%H:%M:%SZ}", "kwh": kwh}


def numbers(response):
    return [each["number"] for each in response.data["results"]]


def test_everybody_lists_the_meters_that_are_theirs(world):
    here, there = world.here, world.there
    all_here = ["Hither-home", "Hither-next", "Hither-school"]
    assert numbers(call(MeterViewSet, "get", here.admin)) == all_here
    assert numbers(call(MeterViewSet, "get", here.auditor)) == all_here
    assert numbers(call(MeterViewSet, "get", here.resident)) == ["Hither-home"]
    assert numbers(call(MeterViewSet, "get", here.member)) == ["Hither-school"]
    assert numbers(call(MeterViewSet, "get", here.pending)) == []
    assert numbers(call(MeterViewSet, "get", there.resident)) == ["Thither-home"]
    assert len(numbers(call(MeterViewSet, "get", world.platform))) == 6


def test_meters_are_found_by_number_and_by_feeder(world):
    assert numbers(call(MeterViewSet, "get", world.here.admin, "/?number=Hither-home")) == ["Hither-home"]
    by_feeder = call(MeterViewSet, "get", world.here.admin, "/?feeder=Hither North")
    assert numbers(by_feeder) == ["Hither-home", "Hither-next"]
    assert numbers(call(MeterViewSet, "get", world.here.admin, "/?feeder=Thither North")) == []


def test_a_list_of_meters_takes_the_same_queries_however_long(world, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        call(MeterViewSet, "get", world.here.admin)


def test_a_meter_of_a_stranger_is_not_found(world):
    here, there = world.here, world.there
    assert call(MeterViewSet, "get", here.admin, pk=there.home.pk).status_code == 404
    assert call(MeterViewSet, "get", here.neighbor, pk=here.home.pk).status_code == 404
    assert call(MeterViewSet, "get", here.resident, pk=here.home.pk).data["zone"] == "America/New_York"
    for name in (there.home.number, there.home.pk, "nothing", 10**30):
        assert readings(here.admin, name).status_code == 404
    assert readings(here.neighbor, here.home.number).status_code == 404
    assert readings(here.pending, here.school.number).status_code == 404


def test_readings_come_with_prediction_and_saving(world):
    here = world.here
    columns = ([here.home.pk], seconds_of([slot(0)]), [500], [400], [600])
    put_predictions(forecast_number=3, issued_at=NOON, predictions=Predictions(*columns))
    ingest(here.home, (slot(0), 400), (slot(1), 300))
    answer = readings(here.resident, here.home.number)
    assert answer.data["results"] == [
        {
            "start": "2024-07-01T12:00:00Z",
            "energy_wh": 400,
            "predicted_wh": 500,
            "saving_wh": 100,
            "quality": "measured",
        },
        {
            "start": "2024-07-01T12:30:00Z",
            "energy_wh": 300,
            "predicted_wh": None,
            "saving_wh": None,
            "quality": "measured",
        },
    ]
    predicted = call(PredictionViewSet, "get", here.resident, f"/?meter={here.home.pk}").data["results"]
    assert [(each["wh"], each["lower_wh"], each["upper_wh"]) for each in predicted] == [(500, 400, 600)]
    assert call(PredictionViewSet, "get", here.neighbor, f"/?meter={here.home.pk}").status_code == 404


def test_a_range_has_its_start_and_not_its_end(world):
    here = world.here
    ingest(here.home, *((slot(at), at) for at in range(6)))
    answer = readings(here.admin, here.home.pk, "&start=2024-07-01T12:30:00Z&end=2024-07-01T14:00:00+00:00")
    assert [each["energy_wh"] for each in answer.data["results"]] == [1, 2, 3]
    page = readings(here.admin, here.home.pk, "&limit=2&offset=3")
    assert (page.data["count"], [each["energy_wh"] for each in page.data["results"]]) == (6, [3, 4])


@pytest.mark.parametrize(
    "query", ["/", "/?meter=", "/?meter=Hither-home&start=now", "/?meter=Hither-home&end=2024-07-01T12:00"]
)
def test_a_question_that_cannot_be_understood_is_refused_in_words(world, query):
    assert call(ReadingViewSet, "get", world.here.admin, query).status_code == 400


def test_who_moved_out_sees_only_their_time(world):
    here = world.here
    ingest(here.home, *((slot(at), at) for at in range(4)))
    move_out(resident=here.resident, at=slot(2))
    answer = readings(here.resident, here.home.number)
    assert [each["energy_wh"] for each in answer.data["results"]] == [0, 1]


def test_an_admin_sends_readings_and_the_same_twice_changes_nothing(world):
    here = world.here
    rows = [row(here.home, 0, "0.412"), row(here.home, 1, 0.3), row(here.school, 0, 12)]
    assert send(here.admin, rows).data == answer_of(new=3, energy_wh=12_712)
    assert send(here.admin, rows).data == answer_of(unchanged=3, energy_wh=12_712)
    rows[1]["kwh"] = "0.31"
    assert send(here.admin, rows).data == answer_of(unchanged=2, corrected=1, energy_wh=12_722)
    assert [each[1] for each in stored(here.home)] == [412, 310]
    assert ReadingRevision.objects.get().source == f"API {here.admin.email}"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"meter": "Thither-home"}, "there is no such meter"),
        ({"meter": None}, "meter missing"),
        ({"meter": ["a"]}, "meter is not a text"),
        ({"start": "2024-07-01T12:00:00"}, "“2024-07-01T12:00:00” has no zone; add Z or the offset from UTC"),
        ({"start": "noon"}, "“noon” is not a time like 2026-07-22T16:00:00Z"),
        ({"start": "2024-07-01T12:00:00.5Z"}, "“2024-07-01T12:00:00.500000+00:00” has parts of a second"),
        ({"start": "2024-07-01T12:10:00Z"}, "no interval of 30 minutes starts then"),
        ({"start": "2999-07-01T12:00:00Z"}, "the interval has not ended yet"),
        ({"kwh": "many"}, "“many” is not a number"),
        ({"kwh": True}, "kwh is not a number"),
        ({"kwh": "1e-999999999"}, "“1e-999999999” is not a number"),
        ({"kwh": -1}, "is negative, but the meter does not feed into the grid"),
        ({"kwh": None, "start": ""}, "start and kwh missing"),
    ],
)
def test_a_reading_that_cannot_be_used_is_left_out_and_the_others_are_stored(world, change, problem):
    here = world.here
    answer = send(here.admin, [row(here.home, 5), row(here.home, 6) | change, "nonsense"])
    assert answer.status_code == 207
    errors = [
        {"row": 1, "problem": problem},
        {"row": 2, "problem": "is not an object with meter, start and kwh"},
    ]
    assert answer.data == answer_of(new=1, skipped=2, energy_wh=answer.data["energy_wh"], errors=errors)
    assert IntervalReading.objects.count() == 1


@pytest.mark.parametrize("body", [[], {}, {"readings": 5}, {"readings": []}])
def test_a_body_that_is_no_list_of_readings_is_refused(world, body):
    assert call(ReadingViewSet, "post", world.here.admin, data=body).status_code == 400


def test_only_admins_of_the_distributor_send_readings(world):
    here = world.here
    rows = [row(here.home, 0)]
    for name in ("staff", "auditor", "resident", "organization_admin", "member", "pending"):
        assert send(getattr(here, name), rows).status_code == 403
    assert send(world.platform, rows).status_code == 403
    assert send(None, rows).status_code == 401
    assert not IntervalReading.objects.exists()


def test_a_token_needs_the_scope(world):
    here = world.here
    reader, writer = (make_token(here.admin, scope)[0] for scope in (Scope.READINGS_READ, Scope.READINGS_WRITE))
    rows = [row(here.home, 0)]
    assert send(here.admin, rows, token=reader).status_code == 403
    assert send(here.admin, rows, token=writer).status_code == 200
    assert readings(here.admin, here.home.pk, token=reader).status_code == 200
    assert readings(here.admin, here.home.pk, token=writer).status_code == 403
    assert call(MeterViewSet, "get", here.admin, token=reader).status_code == 403


def own_map(meter, holder):
    return MeterMap.objects.get(meter=meter, entity_id=holder.pk)


def test_an_admin_ends_a_map_once_something_was_read_and_else_deletes_it(world):
    here = world.here
    home, next_door = own_map(here.home, here.resident), own_map(here.neighbor_home, here.neighbor)
    ingest(here.home, (slot(0), 1))
    ended = call(MeterMapViewSet, "delete", here.admin, pk=home.pk)
    assert (ended.status_code, ended.data["valid_to"] is None) == (200, False)
    assert call(MeterMapViewSet, "delete", here.admin, pk=next_door.pk).status_code == 204
    assert not MeterMap.objects.filter(pk=next_door.pk).exists()


def test_nobody_else_ends_a_map(world):
    here, there = world.here, world.there
    row_of_home = own_map(here.home, here.resident)
    for user, status in (
        (here.resident, 403),
        (here.staff, 403),
        (here.auditor, 403),
        (here.neighbor, 404),
        (here.organization_admin, 404),
        (there.admin, 404),
        (here.pending, 404),
    ):
        assert call(MeterMapViewSet, "delete", user, pk=row_of_home.pk).status_code == status
    own = own_map(here.home, here.distributor)
    assert call(MeterMapViewSet, "delete", here.admin, pk=own.pk).status_code == 403
    assert MeterMap.objects.filter(pk__in=(row_of_home.pk, own.pk), valid_to=None).count() == 2


def test_maps_are_listed_to_whom_they_concern(world):
    here = world.here
    assert len(call(MeterMapViewSet, "get", here.admin).data["results"]) == 6
    (mine,) = call(MeterMapViewSet, "get", here.resident).data["results"]
    assert (mine["meter"], mine["entity"], mine["holder_kind"]) == ("Hither-home", here.resident.pk, "user")
    assert call(MeterMapViewSet, "get", here.pending).data["results"] == []
