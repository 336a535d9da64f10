"""Once a day, and two at once."""

import threading
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection

from common.intervals import day_bounds
from forecasting.models import Forecast, ForecastState, MeterForecast
from forecasting.services import is_due, issue_daily_forecast, issue_forecast
from forecasting.tests.readings import NOW, feed, reading, starts_of, store
from meters.models import Meter, Prediction
from organizations.models import Distributor
from tests.builder import make_distributor, make_meter

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def here(db: None) -> Distributor:
    return make_distributor()


@pytest.fixture
def home(here: Distributor) -> Meter:
    return make_meter(here, "home")


def issue(distributor: Distributor, issued_at: datetime = NOW) -> Forecast:
    return issue_forecast(distributor=distributor, issued_at=issued_at, engine="similar-days")


# ---- once a day -------------------------------------------------------------------------------------------


def test_a_forecast_is_due_once_a_local_day(here: Distributor, home: Meter) -> None:
    feed(home, 30)
    assert is_due(distributor=here, now=NOW)
    issue(here, NOW - HOUR)  # 23:00 of the day before
    assert is_due(distributor=here, now=NOW)
    issue(here, NOW)
    assert not is_due(distributor=here, now=NOW)
    assert not is_due(distributor=here, now=NOW + 23 * HOUR + timedelta(minutes=59))
    assert is_due(distributor=here, now=NOW + 24 * HOUR)


@pytest.mark.parametrize(("day", "hours"), [(date(2021, 3, 14), 23), (date(2021, 11, 7), 25)])
def test_days_on_which_the_clock_changes_count_as_one(here: Distributor, home: Meter, day: date, hours: int) -> None:
    start, end = day_bounds(day, here.zone)
    assert end - start == hours * HOUR
    feed(home, 30, end=start)
    due = []
    for hour in range(-1, hours + 1):
        now = start + hour * HOUR + timedelta(minutes=10)
        due.append(issue_daily_forecast(distributor=here, now=now) is not None)
    assert due == [True, True, *[False] * (hours - 1), True]


def test_running_ones_are_waited_for_and_abandoned_or_failed_ones_are_not(here: Distributor, home: Meter) -> None:
    fields = {"distributor": here, "issued_at": NOW, "horizon_hours": 48, "engine": "statsmodels"}
    row = Forecast.objects.create(**fields, started_at=NOW)
    assert not is_due(distributor=here, now=NOW + timedelta(minutes=59))
    assert is_due(distributor=here, now=NOW + timedelta(minutes=61))
    Forecast.objects.filter(pk=row.pk).update(state=ForecastState.FAILED)
    assert is_due(distributor=here, now=NOW)


def test_another_distributor_and_another_day_do_not_count(here: Distributor) -> None:
    fields = {"horizon_hours": 48, "engine": "statsmodels", "state": ForecastState.DONE}
    Forecast.objects.create(distributor=make_distributor(), issued_at=NOW, **fields)
    Forecast.objects.create(distributor=here, issued_at=NOW + 3 * DAY, **fields)
    assert is_due(distributor=here, now=NOW)


# ---- two at once ------------------------------------------------------------------------------------------


def at_once(*works: object) -> list[object]:
    """What each work returned or raised, all begun at the same time, each on its own connection."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int) -> None:
        barrier.wait(10)
        try:
            results[place] = works[place]()
        except Exception as problem:
            results[place] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_two_issues_at_once_leave_one_whole_forecast_in_force() -> None:
    here = make_distributor()
    for seed in range(4):
        feed(make_meter(here), 10, seed=seed)
    found = at_once(*[lambda: issue(here)] * 2)
    assert [forecast.state for forecast in found] == [ForecastState.DONE] * 2
    rows = Prediction.objects.filter(meter__distributor=here)
    assert rows.count() == 4 * 96
    assert set(rows.values_list("issued_at", flat=True)) == {NOW}
    assert MeterForecast.objects.count() == 8


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_daily_forecast() -> None:
    here = make_distributor()
    feed(make_meter(here), 10)
    found = at_once(*[lambda: issue_daily_forecast(distributor=here, now=NOW)] * 3)
    assert sorted(type(answer).__name__ for answer in found) == ["Forecast", "NoneType", "NoneType"]
    assert Forecast.objects.get().state == ForecastState.DONE


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_readings_that_arrive_during_an_issue_get_its_prediction() -> None:
    here = make_distributor()
    home = make_meter(here)
    feed(home, 10)
    late = starts_of(home, NOW, NOW + DAY)
    found = at_once(
        lambda: issue(here), *[lambda part=part: store(home, late[part::4], np.full(12, 9)) for part in range(4)]
    )
    assert not [answer for answer in found if isinstance(answer, Exception)]
    predicted = dict(Prediction.objects.filter(meter=home).values_list("start", "wh"))
    for start in late:
        assert reading(home, start).predicted_wh == predicted[start]
