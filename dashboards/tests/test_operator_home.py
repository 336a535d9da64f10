"""The operator's overview: who sees it, what it says, and that it costs the same for many meters."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboards.operator_facts.overview import Newest
from dashboards.tests.operator_tools import browser, more_meters, page, query_count, readers_only
from dashboards.tests.story import add_readings, coming_event, make_program, past_event, settled
from delivery.models import DeliveryState, Message
from events.services import create_event
from forecasting.models import Forecast, ForecastState, MeterForecast
from meters.models import BatchSource, BatchState, ImportBatch, QualityHit, QualityRule
from tests.builder import make_admin, make_distributor, make_platform

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def issue(distributor, state=ForecastState.DONE, hours_ago=3, **fields):
    return Forecast.objects.create(
        distributor=distributor, issued_at=timezone.now() - timedelta(hours=hours_ago), horizon_hours=48,
        engine="statsmodels", state=state, finished_at=timezone.now(), **fields,
    )  # fmt: skip


def test_only_the_distributors_people_and_the_platform_see_it(world):
    assert readers_only(world, "/ops")


def test_a_visitor_is_asked_to_sign_in(client):
    answer = client.get("/ops")
    assert (answer.status_code, "login" in answer["Location"]) == (302, True)


def test_nothing_of_the_other_distributor_is_on_it(world):
    for side in (world.here, world.there):
        settled(past_event(make_program(side, side.home)))
        coming_event(side.home.enrollments.get().program)
        issue(side.distributor)
    words = page(world.here.admin, "/ops")
    assert "Hither" in words
    assert "Thither" not in words


def test_a_new_distributor_is_told_what_to_do_first():
    words = page(make_admin(make_distributor("Fresh")), "/ops")
    assert "There is no meter yet" in words


def test_the_platform_operator_chooses_the_distributor_and_it_is_remembered(world):
    client = browser(world.platform)
    assert b"<h1>Hither</h1>" in client.get("/ops").content
    assert b"<h1>Thither</h1>" in client.get(f"/ops?distributor={world.there.distributor.pk}").content
    assert b"Thither-school" in client.get("/ops/meters").content
    assert client.get("/ops?distributor=999999").status_code == 404


def test_staff_cannot_choose_another_distributor(world):
    words = page(world.here.staff, f"/ops?distributor={world.there.distributor.pk}")
    assert "<h1>Hither</h1>" in words


def test_a_platform_without_distributors_says_how_to_make_one():
    assert "There is no distributor yet" in page(make_platform("root@example.com"), "/ops")


def test_saved_in_events_stands_before_below_forecast_with_the_signed_sum(world):
    add_readings(world.here.home, energy_wh=400, predicted_wh=500)
    words = page(world.here.admin, "/ops")
    assert words.index("Saved in events") < words.index("Below forecast") < words.index("less what was above it")


def test_the_load_is_the_sum_of_the_newest_readings(world):
    add_readings(world.here.home, energy_wh=400)
    add_readings(world.here.school, energy_wh=600)
    words = page(world.here.admin, "/ops")
    assert "2.0 <span" in words
    assert "2 of 3 meters" in words


def test_a_silent_meter_is_named(world):
    add_readings(world.here.home)
    words = page(world.here.admin, "/ops")
    assert "2 meters silent" in words
    assert "Hither-school" in words


@pytest.mark.parametrize(("minutes_ago", "is_stale"), [(119, False), (121, True)])
def test_a_meter_is_silent_after_two_intervals_and_an_hour(minutes_ago, is_stale):
    now = timezone.now()
    row = Newest(1, "1", "", 30, now - timedelta(minutes=minutes_ago + 30), 100)
    assert row.is_stale(now) is is_stale


def test_undelivered_messages_failed_forecasts_and_drafts_need_a_look(world):
    side = world.here
    program = make_program(side, side.home)
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
    create_event(program=program, start=start, end=start + timedelta(hours=1))
    Message.objects.create(
        tenant=side.distributor, kind="mail", recipient="a@example.com", state=DeliveryState.UNREACHABLE,
        finished_at=timezone.now(),
    )  # fmt: skip
    issue(side.distributor, state=ForecastState.FAILED, error="No meter has readings.")
    words = page(side.admin, "/ops")
    for need in ("1 message not delivered", "Forecast failed", "No meter has readings.", "1 draft", "1 person waits"):
        assert need in words, need


def test_checked_files_and_readings_that_look_wrong_need_a_look(world):
    side, now = world.here, timezone.now().replace(microsecond=0)
    for state in (BatchState.CHECKED, BatchState.DROPPED):
        ImportBatch.objects.create(
            distributor=side.distributor, source=BatchSource.PAGE, state=state, file_name="may.csv", sha256="0" * 64
        )
    span = {"start": now - timedelta(hours=2), "end": now - timedelta(hours=1)}
    QualityHit.objects.create(distributor=side.distributor, meter=side.home, rule=QualityRule.GAP, **span)
    words = page(side.staff, "/ops")
    for need in ("1 file waits to be stored", "/ops/imports?state=checked", "1 thing looks wrong", "/ops/quality/hits"):
        assert need in words, need
    assert "looks wrong" not in page(world.there.staff, "/ops")


def test_links_that_only_admins_may_follow_are_hidden_from_staff(world):
    assert "admin/organizations/membership" in page(world.here.admin, "/ops")
    words = page(world.here.staff, "/ops")
    assert "1 person waits" in words
    assert "admin/organizations/membership" not in words
    assert "New event" not in words


def test_the_forecast_says_how_much_closer_it_is_than_last_week(world):
    made = issue(world.here.distributor)
    MeterForecast.objects.create(forecast=made, meter=world.here.home, rung="autoreg", mae_wh=80, naive_mae_wh=100)
    words = page(world.here.admin, "/ops")
    assert "20 % closer" in words
    assert "autoreg: 1" in words


def test_the_next_event_is_the_one_that_comes_first(world):
    program = make_program(world.here, world.here.home)
    late, soon = coming_event(program, hours_ahead=50), coming_event(program, hours_ahead=20)
    words = page(world.here.admin, "/ops")
    assert f"/ops/events/{soon.pk}" in words
    assert f"/ops/events/{late.pk}" not in words


def test_it_needs_the_same_number_of_queries_for_ten_times_the_meters(world):
    more_meters(world.here, 8, days=1)
    few = query_count(world.here.admin, "/ops")
    more_meters(world.here, 40, days=1)
    assert query_count(world.here.admin, "/ops") == few
