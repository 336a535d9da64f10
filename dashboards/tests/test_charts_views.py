"""Chart data: for whom, which dates, and nothing again that the browser has."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dashboards.charts import FIGURES
from dashboards.tests.story import (
    add_readings,
    coming_event,
    lower,
    make_program,
    now_slot,
    past_event,
    settled,
)
from meters.models import IntervalReading, Meter, MeterMap
from meters.services import Readings, ingest_readings
from meters.services.rollups import refresh_rollups
from tests.builder import make_meter, make_user, map_meter

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def chart(client, meter, tag="", **query):
    headers = {"If-None-Match": tag} if tag else {}
    return client.get(reverse("chart_meter", args=[meter.pk]), query, headers=headers)


@pytest.mark.parametrize("kind", sorted(FIGURES))
def test_every_figure_is_served_and_not_again(rita, kind):
    url = reverse("chart_figure", args=[kind])
    response = rita.get(url)
    assert response.json()["doc"]
    again = rita.get(url, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_unknown_figure_is_not_found(rita):
    assert rita.get(reverse("chart_figure", args=["pie"])).status_code == 404


def test_chart_has_readings_forecast_ahead_and_events(rita, here):
    add_readings(here.home, days=8, energy_wh=400, predicted_wh=500)
    event = coming_event(make_program(here, here.home))
    payload = chart(rita, here.home).json()
    slots = payload["sources"]["slots"]
    assert 0.4 in slots["reading"]
    assert slots["reading"][-1] is None
    assert slots["prediction"][-1] == 0.5
    assert [row["id"] for row in payload["events"]] == [str(event.pk)]
    assert 6 * 48 <= len(slots["start"]) <= 9 * 48


def test_same_chart_is_answered_with_304_and_without_reading_it(rita, here):
    add_readings(here.home)
    first = chart(rita, here.home)
    assert first["Cache-Control"] == "private, no-cache"
    with CaptureQueriesContext(connection) as queries:
        again = chart(rita, here.home, first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert not any("meters_intervalreading" in query["sql"] for query in queries)


def test_weakened_tag_of_a_compressing_proxy_counts_too(rita, here):
    add_readings(here.home)
    assert chart(rita, here.home, f"W/{chart(rita, here.home)['ETag']}").status_code == 304


def test_new_reading_changes_the_tag_and_the_chart(rita, here):
    add_readings(here.home)
    late = now_slot() - timedelta(minutes=30)
    IntervalReading.objects.filter(meter=here.home, start=late).delete()
    first = chart(rita, here.home)
    readings = Readings.of([(here.home.pk, late, 777)])
    assert ingest_readings(distributor=here.distributor, readings=readings, source="test").new == 1
    second = chart(rita, here.home, first["ETag"])
    assert second.status_code == 200
    assert 0.777 in second.json()["sources"]["slots"]["reading"]


def test_other_dates_and_a_new_event_have_other_tags(rita, here):
    add_readings(here.home)
    tags = {chart(rita, here.home)["ETag"], chart(rita, here.home, days=2)["ETag"]}
    coming_event(make_program(here, here.home))
    tags.add(chart(rita, here.home)["ETag"])
    assert len(tags) == 3


def test_tag_of_one_holder_is_none_of_the_next(client, here):
    add_readings(here.home)
    client.force_login(here.resident)
    mine = chart(client, here.home)["ETag"]
    moved = now_slot() - timedelta(hours=1)
    MeterMap.objects.filter(entity_id=here.resident.pk).update(valid_to=moved)
    newcomer = make_user(here.distributor)
    map_meter(here.home, newcomer, moved)
    for who in (here.resident, newcomer):
        client.force_login(who)
        assert chart(client, here.home, mine).status_code == 200


def test_newcomer_gets_no_value_of_the_time_before(client, here):
    add_readings(here.home, energy_wh=111)
    moved = now_slot() - timedelta(hours=1)
    IntervalReading.objects.filter(meter=here.home, start__gte=moved).update(energy_wh=222)
    MeterMap.objects.filter(entity_id=here.resident.pk).update(valid_to=moved)
    newcomer = make_user(here.distributor)
    map_meter(here.home, newcomer, moved)
    client.force_login(newcomer)
    payload = chart(client, here.home, days=30).json()
    values = {value for value in payload["sources"]["slots"]["reading"] if value is not None}
    assert values == {0.222}


def test_event_of_the_last_holder_is_not_on_the_newcomers_chart(client, here):
    add_readings(here.home)
    past_event(make_program(here, here.home))
    MeterMap.objects.filter(entity_id=here.resident.pk).update(valid_to=now_slot())
    newcomer = make_user(here.distributor)
    map_meter(here.home, newcomer, now_slot())
    client.force_login(newcomer)
    assert chart(client, here.home).json()["events"] == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"days": "0"}, "Ask for 1 to 367 days."),
        ({"days": "-3"}, "Ask for 1 to 367 days."),
        ({"days": "²"}, "Ask for 1 to 367 days."),
        ({"days": "1" * 40}, "Ask for 1 to 367 days."),
        ({"start": "2026-07-01"}, "Say both a first and a last day."),
        ({"start": "2026-07-02", "end": "2026-07-01"}, "The last day must not lie before the first."),
        ({"start": "2024-07-02", "end": "2026-07-01"}, "Ask for at most 367 days at once."),
        ({"start": "yesterday", "end": "2026-07-01"}, "“yesterday” is no date like 2026-07-22."),
        ({"start": "0001-01-01", "end": "0001-01-02"}, "There is nothing in the year 0001."),
        ({"start": "9999-12-30", "end": "9999-12-31"}, "There is nothing in the year 9999."),
    ],
)
def test_bad_range_is_refused_with_the_sentence(rita, here, query, sentence):
    for name in ("chart_meter", "chart_participation"):
        response = rita.get(reverse(name, args=[here.home.pk]), query)
        assert (response.status_code, response.json()) == (400, {"detail": sentence})


def test_dates_bound_what_is_sent(rita, here):
    add_readings(here.home, days=8)
    start = now_slot() - timedelta(days=3)
    end = start + timedelta(hours=2)
    payload = chart(rita, here.home, start=start.isoformat(), end=end.isoformat()).json()
    assert len(payload["sources"]["slots"]["start"]) == 4


@pytest.mark.parametrize("name", ["chart_meter", "chart_participation"])
def test_stranger_does_not_find_a_chart(client, world, name):
    for who in (world.here.neighbor, world.here.member, world.there.admin, world.there.resident):
        client.force_login(who)
        assert client.get(reverse(name, args=[world.here.home.pk])).status_code == 404


@pytest.mark.parametrize("name", ["chart_meter", "chart_participation"])
def test_visitor_is_led_to_the_sign_in(client, here, name):
    response = client.get(reverse(name, args=[here.home.pk]))
    assert response.status_code == 302
    assert reverse("account_login") in response["Location"]


def test_participation_counts_intervals_below_the_forecast(rita, here):
    add_readings(here.home, days=2, energy_wh=600, predicted_wh=500)
    IntervalReading.objects.filter(meter=here.home, start__gte=now_slot() - timedelta(hours=12)).update(energy_wh=400)
    url = reverse("chart_participation", args=[here.home.pk])
    first = rita.get(url, {"days": 30})
    assert first.json()["say"] == "24 of 96 intervals were below the forecast, 25 %."
    assert rita.get(url, {"days": 30}, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_meter_without_readings_answers_a_sentence(rita, here):
    assert chart(rita, here.home).json()["empty"]
    assert rita.get(reverse("chart_participation", args=[here.home.pk])).json()["empty"]


def rank(client, organization):
    return client.get(reverse("chart_rank", args=[organization.pk]))


def test_rank_orders_by_what_was_saved_in_events(client, here):
    gym = make_meter(here.distributor, "Hither-gym")
    map_meter(gym, here.organization)
    for meter in (here.school, gym):
        add_readings(meter, energy_wh=1000)
    event = past_event(make_program(here, here.school, gym, kw="5"))
    lower(gym, event, 500)
    settled(event)
    client.force_login(here.member)
    rows = rank(client, here.organization).json()["rows"]
    assert [(row[0], row[1]["text"], row[4]) for row in rows] == [
        ("1", "Hither-gym", "1.0 kWh"),
        ("2", "Hither-school", "0.0 kWh"),
    ]


def test_rank_is_for_the_organization_and_its_distributor(client, world):
    here = world.here
    for who in (here.resident, here.other_organization_admin, world.there.admin, world.there.member):
        client.force_login(who)
        assert rank(client, here.organization).status_code == 404
    client.force_login(here.staff)
    assert rank(client, here.organization).status_code == 200


def test_rank_of_no_meters_is_a_sentence(client, here):
    client.force_login(here.other_organization_admin)
    assert rank(client, here.other_organization).json()["empty"]


def test_number_of_queries_does_not_grow_with_meters_or_days(client, here):
    client.force_login(here.member)
    add_readings(here.school, days=2)
    refresh_rollups()
    counts = []
    for extra in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert chart(client, here.school, days=1 + 6 * extra).status_code == 200
            assert rank(client, here.organization).status_code == 200
        counts.append(len(queries))
        for number in range(4):
            map_meter(make_meter(here.distributor, f"Hither-{extra}{number}"), here.organization)
    # 17 of them before sums were read: where they wait and what they add up to takes four more, however many meters.
    assert counts[0] == counts[1] <= 23


def test_nothing_foreign_is_sent(client, world):
    for side in (world.here, world.there):
        add_readings(side.school, days=1)
    client.force_login(world.here.member)
    bodies = [chart(client, world.here.school).content, rank(client, world.here.organization).content]
    assert not any(b"Thither" in body for body in bodies)
    assert Meter.objects.filter(number__startswith="Thither").exists()
