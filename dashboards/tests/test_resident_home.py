"""The resident's home: what is used now, what is coming, what was earned."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboards.tests.resident_tools import get
from dashboards.tests.story import (
    add_readings,
    coming_event,
    line_of,
    lower,
    make_program,
    past_event,
    settled,
)
from meters.models import MeterMap
from settlement.services import settle
from tests.builder import make_user

pytestmark = pytest.mark.django_db


def test_home_without_a_meter_says_what_to_do(client, here):
    client.force_login(make_user(here.distributor))
    page = get(client, "home")
    assert "Your meter is not linked yet" in page
    assert "you link the meter yourself" in page
    assert reverse("claim_meter") in page
    assert "data-figure-url" not in page


def test_home_with_a_meter_without_readings_says_when_they_come(rita):
    page = get(rita, "home")
    assert "No readings yet" in page
    assert "No event is coming" in page
    assert "Nothing yet." in page


def test_home_shows_use_now_beside_what_was_expected(rita, here):
    add_readings(here.home, energy_wh=400, predicted_wh=500)
    page = get(rita, "home")
    assert '0.80 <span class="unit">kW</span>' in page
    assert "Below usual." in page
    assert "we expected 1.00 kW" in page
    assert 'data-live-seconds="8"' in page


def test_home_shows_the_signed_sum_beside_below_forecast(rita, here):
    add_readings(here.home, days=2, energy_wh=600, predicted_wh=500)
    page = get(rita, "home")
    assert "0.0 kWh" in page
    assert "−9.6 kWh" in page  # 96 half hours, each 100 Wh above the forecast
    assert page.index("Saved in events") < page.index("Below forecast, last 30 days") < page.index("taken off")


def test_home_asks_to_join_or_skip_the_coming_event(rita, here):
    event = coming_event(make_program(here, here.home))
    page = get(rita, "home")
    assert "Waiting for your answer" in page
    assert "$2.80 for each kilowatt you use less, on average over an event" in page
    assert "at most for 1 kW" in page
    assert reverse("event_answer", args=[event.pk]) in page
    assert page.index('value="join"') < page.index('value="skip"')


def test_home_keeps_estimate_and_final_apart(rita, here):
    add_readings(here.home, energy_wh=1000)
    program = make_program(here, here.home, kw="5")
    one, other = past_event(program, days_ago=1), past_event(program, days_ago=2)
    lower(here.home, one, 500)
    lower(here.home, other, 600)
    settled(other)
    settle(event=one)
    page = get(rita, "home")
    assert "Estimate" in page
    assert "Final" in page
    for event in (one, other):
        assert reverse("reward_why", args=[line_of(event, here.home).pk]) in page


def test_moved_out_resident_is_led_to_the_earlier_meter(rita, here):
    MeterMap.objects.filter(entity_id=here.resident.pk).update(valid_to=timezone.now() - timedelta(days=1))
    page = get(rita, "home")
    assert "You have no meter now" in page
    assert reverse("meter_detail", args=[here.home.pk]) in page


def test_home_asks_the_database_as_often_for_a_week_as_for_a_day(client, world):
    counts = []
    for side, days in ((world.here, 1), (world.there, 7)):
        add_readings(side.home, days=days)
        coming_event(make_program(side, side.home))
        client.force_login(side.resident)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            get(client, "home")
        counts.append(len(queries))
    # One of them asks who had the meter when its figure was promised.
    assert counts[0] == counts[1] <= 21
