"""The page of one meter, and its file: for whom, for which dates, and safe for spreadsheets."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from common.spreadsheet import safe_cell
from dashboards.tests.story import add_readings, lower, make_program, now_slot, past_event, settled
from meters.models import IntervalReading, Meter, MeterMap, Quality
from tests.builder import make_meter, make_user, map_meter

pytestmark = pytest.mark.django_db


def page_of(client, meter, query="") -> str:
    response = client.get(reverse("meter_detail", args=[meter.pk]) + query)
    assert response.status_code == 200
    return response.content.decode()


def rows_of(client, meter, query="") -> list[dict[str, str]]:
    response = client.get(reverse("meter_readings_file", args=[meter.pk]) + query)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_page_has_chart_table_and_both_savings(rita, here):
    add_readings(here.home, energy_wh=1000)
    event = past_event(make_program(here, here.home, kw="5"))
    lower(here.home, event, 500)
    settled(event)
    page = page_of(rita, here.home)
    assert f"{reverse('chart_meter', args=[here.home.pk])}?days=7" in page
    assert reverse("chart_figure", args=["meter"]) in page
    assert f'<option value="{event.pk}">' in page
    assert "1.000 kWh" in page  # saved in the event
    assert 'data-live-seconds="8"' in page
    assert "data-chart-events" in page
    assert page.index("Saved in events") < page.index("Below forecast")


def test_range_of_the_address_is_the_range_of_chart_and_file(rita, here):
    add_readings(here.home)
    page = page_of(rita, here.home, "?days=30")
    assert f"{reverse('chart_meter', args=[here.home.pk])}?days=30" in page
    assert f"{reverse('meter_readings_file', args=[here.home.pk])}?days=30" in page


@pytest.mark.parametrize("query", ["?days=0", "?days=9999", "?days=x", "?start=2026-07-01", "?start=a&end=b"])
def test_bad_range_is_said_and_the_default_shown(rita, here, query):
    add_readings(here.home)
    page = page_of(rita, here.home, query)
    assert "data-data-url" in page
    assert "?days=7" in page
    assert 'data-tone="attention"' in page


def test_meter_without_readings_says_so(rita, here):
    assert "No readings in these dates" in page_of(rita, here.home)


def test_organization_picks_among_its_meters(client, here):
    gym = make_meter(here.distributor, "Hither-gym")
    map_meter(gym, here.organization)
    client.force_login(here.member)
    page = page_of(client, here.school)
    assert f'<option value="{gym.pk}">' in page
    response = client.get(reverse("organization_meters"), {"open": gym.pk})
    assert response["Location"] == reverse("meter_detail", args=[gym.pk])
    assert client.get(reverse("organization_meters"), {"open": here.home.pk}).status_code == 404


@pytest.mark.parametrize("who", ["neighbor", "organization_admin", "member"])
def test_stranger_does_not_find_a_meter(client, here, who):
    client.force_login(getattr(here, who))
    for name in ("meter_detail", "meter_readings_file"):
        assert client.get(reverse(name, args=[here.home.pk])).status_code == 404


def test_other_distributor_does_not_find_a_meter(client, world):
    client.force_login(world.there.admin)
    for name in ("meter_detail", "meter_readings_file"):
        assert client.get(reverse(name, args=[world.here.home.pk])).status_code == 404


@pytest.mark.parametrize("who", ["staff", "auditor", "admin"])
def test_distributors_people_see_every_meter(client, here, who):
    add_readings(here.home, days=1)
    client.force_login(getattr(here, who))
    assert "Hither-home" in page_of(client, here.home)
    assert len(rows_of(client, here.home)) > 48


def move_out(here, at) -> None:
    MeterMap.objects.filter(entity_id=here.resident.pk).update(valid_to=at)


def test_who_moved_out_sees_the_old_dates_only(rita, here):
    add_readings(here.home, days=4)
    left = now_slot() - timedelta(days=1)
    move_out(here, left)
    measured = [row for row in rows_of(rita, here.home) if row["kwh"]]
    assert measured
    assert max(row["start"] for row in measured) < f"{left:%Y-%m-%dT%H:%M:%SZ}"
    assert "This meter was yours until" in page_of(rita, here.home)


def test_who_moved_out_long_ago_still_sees_the_last_week(rita, here):
    add_readings(here.home, days=40)
    move_out(here, now_slot() - timedelta(days=30))
    assert any(row["kwh"] for row in rows_of(rita, here.home))


def test_who_moved_in_today_sees_today_only(client, here):
    add_readings(here.home, days=4)
    moved = now_slot() - timedelta(hours=2)
    move_out(here, moved)
    newcomer = make_user(here.distributor)
    map_meter(here.home, newcomer, moved)
    client.force_login(newcomer)
    rows = rows_of(client, here.home)
    assert len([row for row in rows if row["kwh"]]) == 4
    assert min(row["start"] for row in rows) == f"{moved:%Y-%m-%dT%H:%M:%SZ}"


def test_file_has_readings_forecast_and_quality(rita, here):
    add_readings(here.home, days=1, energy_wh=412)
    first = IntervalReading.objects.filter(meter=here.home).earliest("start")
    IntervalReading.objects.filter(meter=here.home, start=first.start).update(quality=Quality.ESTIMATED)
    row = rows_of(rita, here.home)[0]
    assert (row["meter"], row["kwh"], row["expected_kwh"]) == ("Hither-home", "0.412", "0.500")
    assert (row["lower_kwh"], row["upper_kwh"], row["quality"]) == ("0.400", "0.600", "estimated")
    assert row["start"] == f"{first.start:%Y-%m-%dT%H:%M:%SZ}"


def test_file_of_dates_holds_these_local_dates(rita, here):
    add_readings(here.home, days=5)
    day = (timezone.now() - timedelta(days=2)).astimezone(here.home.zone).date()
    rows = rows_of(rita, here.home, f"?start={day}&end={day}")
    assert {row["local_start"][:10] for row in rows} == {str(day)}


def test_number_that_looks_like_a_formula_is_made_harmless(rita, here):
    Meter.objects.filter(pk=here.home.pk).update(number="=HYPERLINK(1)")
    add_readings(here.home, days=1)
    assert rows_of(rita, here.home)[0]["meter"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", " =1", "\n=1", "|x"])
def test_every_beginning_of_a_formula_is_made_harmless(text):
    assert safe_cell(text) == f"'{text}"


def test_file_of_a_bad_range_is_refused_with_the_sentence(rita, here):
    response = rita.get(reverse("meter_readings_file", args=[here.home.pk]), {"days": "x"})
    assert response.status_code == 400
    assert b"Ask for 1 to 367 days." in response.content


def test_page_and_file_name_nobody_else(rita, world):
    for side in (world.here, world.there):
        add_readings(side.home, days=1)
    assert "Thither" not in page_of(rita, world.here.home)
    assert "Hither-next" not in page_of(rita, world.here.home)
    assert {row["meter"] for row in rows_of(rita, world.here.home)} == {"Hither-home"}


def test_page_asks_the_database_as_often_for_a_day_as_for_a_month(rita, here):
    add_readings(here.home, days=20)
    counts = []
    for query in ("?days=1", "?days=30"):
        with CaptureQueriesContext(connection) as queries:
            page_of(rita, here.home, query)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 18
