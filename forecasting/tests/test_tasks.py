"""The nightly jobs."""

import pytest
from django.utils import timezone

from forecasting import tasks
from forecasting.models import Forecast, ForecastState
from forecasting.tests.readings import feed
from meters.models import Meter
from organizations.models import Distributor
from tests.builder import make_distributor, make_meter


@pytest.fixture
def here(db: None) -> Distributor:
    return make_distributor()


def feed_up_to_now(distributor: Distributor) -> Meter:
    meter = make_meter(distributor)
    # Half an hour ago at the latest, so that the newest interval has ended.
    feed(meter, 10, end=timezone.now().replace(minute=0, second=0, microsecond=0))
    return meter


def test_the_job_makes_the_days_forecast_once(here: Distributor) -> None:
    meter = feed_up_to_now(here)
    before = timezone.now()
    tasks.forecast_distributor(here.pk)
    tasks.forecast_distributor(here.pk)
    made = Forecast.objects.get()
    assert made.state == ForecastState.DONE
    assert made.issued_at <= before
    assert made.issued_at.second == made.issued_at.microsecond == 0
    assert meter.predictions.count() == 96


def test_a_distributor_without_readings_is_no_error_and_is_tried_again(here: Distributor) -> None:
    meter = make_meter(here)
    tasks.forecast_distributor(here.pk)
    assert Forecast.objects.get().state == ForecastState.FAILED
    feed(meter, 10, end=timezone.now().replace(minute=0, second=0, microsecond=0))
    tasks.forecast_distributor(here.pk)
    assert sorted(Forecast.objects.values_list("state", flat=True)) == ["done", "failed"]


def test_the_timetable_asks_for_those_that_are_due(here: Distributor, monkeypatch: pytest.MonkeyPatch) -> None:
    done, without_meters, retired = make_distributor(), make_distributor(), make_distributor()
    for distributor in (here, done):
        feed_up_to_now(distributor)
        make_meter(distributor)
    make_meter(retired, retired_at=timezone.now())
    tasks.forecast_distributor(done.pk)
    asked: list[int] = []
    # The queue is the edge of the system; what a worker does with the call stands in the tests above.
    monkeypatch.setattr(tasks.forecast_distributor, "delay", asked.append)
    tasks.forecast_distributors()
    assert asked == [here.pk]
    assert without_meters.pk not in asked
