"""The time that the builder proposes for a new event."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from dashboards.operator_facts.proposal import proposal_of
from dashboards.tests.operator_tools import page
from dashboards.tests.story import make_program
from events.models import Event
from events.services import publish_version
from events.tests.world import make_terms
from meters.models import Prediction

pytestmark = pytest.mark.django_db
# A Wednesday, nine in the morning in New York.
NOW = datetime(2026, 7, 22, 13, tzinfo=UTC)
EVENING = time(17)


@pytest.fixture
def program(here):
    return make_program(here, here.home)


def forecast(meter, peak, *, now=NOW, hours=40, peak_wh=900):
    """A flat forecast of half hours from now on with one higher hour."""
    slots = [now + step * timedelta(minutes=30) for step in range(hours * 2)]
    Prediction.objects.bulk_create(
        Prediction(
            meter=meter, start=at, wh=wh, lower_wh=0, upper_wh=wh, issued_at=now - timedelta(hours=1), forecast_number=1
        )
        for at in slots
        for wh in [peak_wh if peak <= at < peak + timedelta(hours=1) else 300]
    )


def proposed(program, minutes=60):
    found = proposal_of(program, program.current, NOW, minutes, EVENING)
    return (f"{found.wall:%a %H:%M}", found.is_peak) if found else None


def test_without_a_forecast_it_is_the_next_evening(program):
    assert proposed(program) == ("Thu 17:00", False)


def test_with_one_it_is_the_hour_of_the_highest_use_from_tomorrow_on(here, program):
    forecast(here.home, datetime(2026, 7, 23, 19, tzinfo=UTC))
    assert proposed(program) == ("Thu 15:00", True)


def test_a_peak_today_is_too_late_to_call(here, program):
    forecast(here.home, datetime(2026, 7, 22, 19, tzinfo=UTC))
    assert proposed(program)[0].startswith("Thu")


def test_the_terms_hold_where_the_peak_lies_outside_their_hours(here, program):
    forecast(here.home, datetime(2026, 7, 23, 10, tzinfo=UTC))
    publish_version(program=program, terms=make_terms(hours_from=time(16), hours_to=time(20)))
    wall, is_peak = proposed(program)
    assert is_peak
    assert time(16) <= time.fromisoformat(wall[4:]) <= time(19)


def test_notice_that_is_longer_than_the_forecast_leaves_the_first_evening(here, program):
    forecast(here.home, datetime(2026, 7, 23, 19, tzinfo=UTC))
    publish_version(program=program, terms=make_terms(notice_minutes=3 * 24 * 60))
    assert proposed(program) == ("Sat 17:00", False)


def test_a_time_that_another_event_takes_is_not_proposed(here, program):
    forecast(here.home, datetime(2026, 7, 23, 19, tzinfo=UTC))
    start = datetime(2026, 7, 23, 19, 30, tzinfo=UTC)
    Event.objects.create(program=program, version=program.current, start=start, end=start + timedelta(hours=1))
    assert proposed(program)[0] != "Thu 15:00"
    Prediction.objects.all().delete()
    start = datetime(2026, 7, 23, 20, tzinfo=UTC)
    Event.objects.create(program=program, version=program.current, start=start, end=start + timedelta(hours=3))
    assert proposed(program) == ("Fri 17:00", False)


def test_a_forecast_that_ends_before_tomorrow_says_nothing(here, program):
    forecast(here.home, datetime(2026, 7, 22, 19, tzinfo=UTC), hours=10)
    assert proposed(program) == ("Thu 17:00", False)


def test_another_meters_forecast_does_not_count(here, program):
    forecast(here.school, datetime(2026, 7, 23, 19, tzinfo=UTC))
    assert proposed(program) == ("Thu 17:00", False)


def test_the_form_says_where_its_time_comes_from(here, program):
    assert "highest use" not in page(here.admin, "/ops/events/new")
    now = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    forecast(here.home, now + timedelta(hours=30), now=now, hours=47, peak_wh=5000)
    assert "highest use" in page(here.admin, "/ops/events/new")
