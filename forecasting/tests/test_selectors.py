"""What the operator's pages read of forecasts: how a meter's use repeats, and how far an issue was off."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecasting.errors import NoCorrelation
from forecasting.models import Forecast, ForecastState, MeterForecast
from forecasting.selectors import (
    Accuracy,
    accuracy_of,
    meter_autocorrelation,
    newest_finished,
    newest_forecast,
    newest_of_meter,
    rungs_of,
)
from meters.models import ExclusionKind, IntervalReading, Meter
from meters.services import exclude
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def meter():
    return make_meter(make_distributor())


def put(meter, energies):
    """Readings that end at `AT`."""
    slot = timedelta(minutes=meter.interval_minutes)
    start = AT - len(energies) * slot
    IntervalReading.objects.bulk_create(
        IntervalReading(meter=meter, start=start + place * slot, energy_wh=int(wh)) for place, wh in enumerate(energies)
    )


def days_of(count, per_day=48, noise=20):
    """A load that swings once a day, with noise of a fixed seed."""
    places = np.arange(count * per_day)
    rng = np.random.default_rng(11)
    return 500 + 200 * np.sin(2 * np.pi * places / per_day) + rng.normal(0, noise, len(places))


def test_a_daily_swing_repeats_after_a_day_and_turns_after_half_a_day(meter):
    put(meter, days_of(14))
    found = meter_autocorrelation(meter=meter, at=AT)
    assert found.acf[48] > 0.85
    assert found.acf[24] < -0.85
    assert found.band_95 < found.band_99 < 0.15
    assert len(found.acf) == 72 * 2 + 1


def test_pure_noise_stays_inside_the_band_about_as_often_as_it_says(meter):
    rng = np.random.default_rng(5)
    put(meter, 500 + rng.normal(0, 50, 60 * 48))
    found = meter_autocorrelation(meter=meter, at=AT)
    outside = np.mean(np.abs(found.acf[1:]) > found.band_95)
    assert outside < 0.12


def test_the_hours_of_events_are_left_out(meter):
    energies = days_of(14)
    put(meter, energies)
    plain = meter_autocorrelation(meter=meter, at=AT)
    start = AT - timedelta(days=2)
    IntervalReading.objects.filter(meter=meter, start__gte=start).update(energy_wh=90_000)
    exclude(kind=ExclusionKind.EVENT, meters=[meter], start=start, end=AT, source="test")
    masked = meter_autocorrelation(meter=meter, at=AT)
    assert masked.n_readings == plain.n_readings - 96
    assert masked.acf[48] > 0.8


def test_no_reading_after_the_moment_enters(meter):
    put(meter, days_of(4))
    before = meter_autocorrelation(meter=meter, at=AT - timedelta(days=1))
    IntervalReading.objects.filter(meter=meter, start__gte=AT - timedelta(days=1)).update(energy_wh=1)
    assert (meter_autocorrelation(meter=meter, at=AT - timedelta(days=1)).acf == before.acf).all()


def test_fine_intervals_are_held_to_a_number_of_lags_that_still_reaches_past_a_day():
    fine = make_meter(make_distributor(), interval_minutes=5)
    put(fine, days_of(3, per_day=288))
    assert len(meter_autocorrelation(meter=fine, at=AT).acf) == 301


@pytest.mark.parametrize(
    ("energies", "words"), [([], "no readings"), ([5] * 9, "needs 10 readings"), ([5] * 60, "are equal")]
)
def test_what_cannot_be_correlated_is_refused_with_the_reason(meter, energies, words):
    put(meter, energies)
    with pytest.raises(NoCorrelation, match=words):
        meter_autocorrelation(meter=meter, at=AT)


def issue(meter: Meter, hours_ago: int, state=ForecastState.DONE) -> Forecast:
    return Forecast.objects.create(
        distributor=meter.distributor, issued_at=AT - timedelta(hours=hours_ago), horizon_hours=48,
        engine="statsmodels", state=state,
    )  # fmt: skip


def test_the_newest_issue_may_have_failed_while_an_older_one_is_in_force(meter):
    done, failed = issue(meter, 30), issue(meter, 6, ForecastState.FAILED)
    issue(make_meter(make_distributor()), 1)
    assert newest_forecast(distributor=meter.distributor) == failed
    assert newest_finished(distributor=meter.distributor) == done


def test_accuracy_counts_only_meters_with_both_errors(meter):
    made = issue(meter, 6)
    rows = [(60.0, 100.0), (40.0, 100.0), (10.0, None), (None, 10.0)]
    MeterForecast.objects.bulk_create(
        MeterForecast(
            forecast=made, meter=make_meter(meter.distributor), rung="autoreg", mae_wh=ours, naive_mae_wh=naive
        )
        for ours, naive in rows
    )
    found = accuracy_of(forecast=made)
    assert (found.meters, found.mae_wh, found.naive_mae_wh) == (2, 50.0, 100.0)
    assert found.better_by == 0.5
    assert rungs_of(forecast=made) == {"autoreg": 4}


def test_an_issue_without_comparison_claims_nothing(meter):
    assert accuracy_of(forecast=issue(meter, 6)).better_by is None
    assert Accuracy(1, 5.0, 0.0).better_by is None


def test_a_meters_share_is_that_of_the_newest_finished_issue(meter):
    for hours_ago, state, rung in ((30, "done", "old"), (6, "done", "new"), (1, "failed", "never")):
        MeterForecast.objects.create(forecast=issue(meter, hours_ago, state), meter=meter, rung=rung)
    assert newest_of_meter(meter=meter).rung == "new"
    assert newest_of_meter(meter=make_meter(meter.distributor)) is None
