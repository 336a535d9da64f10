"""Issues of forecasts: what they know, what they leave alone, and who may make one."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone

from forecasting.errors import IssuedInFuture, NoSuchEngine, NothingToForecast
from forecasting.histories import SLOTS_PER_BATCH, batches, known_at
from forecasting.models import Forecast, ForecastState, MeterForecast
from forecasting.services import _shortened, issue_forecast
from forecasting.tests.readings import NOW, feed, reading, starts_of, store, usage_wh
from meters.models import Exclusion, ExclusionKind, Feeder, Meter, Prediction
from meters.services import exclude
from organizations.models import Distributor
from tests.builder import make_distributor, make_meter

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIELDS = ("meter__number", "start", "wh", "lower_wh", "upper_wh")


@pytest.fixture
def here(db: None) -> Distributor:
    return make_distributor()


@pytest.fixture
def home(here: Distributor) -> Meter:
    return make_meter(here, "home")


def issue(distributor: Distributor, issued_at: datetime = NOW, **options: object) -> Forecast:
    return issue_forecast(distributor=distributor, issued_at=issued_at, **{"engine": "similar-days"} | options)


def in_force(distributor: Distributor, *more: str) -> list[tuple]:
    rows = Prediction.objects.filter(meter__distributor=distributor).order_by("meter__number", "start")
    return list(rows.values_list(*FIELDS, *more))


# ---- what a forecast knows --------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["statsmodels", "similar-days"])
def test_readings_after_the_issue_change_nothing(here: Distributor, home: Meter, engine: str) -> None:
    twin_of = make_distributor()
    twin = make_meter(twin_of, "home")
    at = NOW + timedelta(minutes=10)
    for meter in (home, twin):
        feed(meter, 30)
    later = starts_of(twin, NOW, NOW + 2 * DAY)  # the first of them began before the issue and ended after it
    store(twin, later, np.full(len(later), 123_456))
    for distributor in (here, twin_of):
        assert issue(distributor, at, engine=engine).meters.get().rung == engine
    assert in_force(here) == in_force(twin_of)
    assert len(in_force(here)) == 96


def test_every_prediction_starts_at_or_after_the_issue_and_lies_in_its_band(here: Distributor, home: Meter) -> None:
    feed(home, 30)
    at = NOW + timedelta(minutes=10)
    issue(here, at)
    rows = in_force(here, "issued_at")
    assert rows[0][1] == NOW + timedelta(minutes=30)
    assert len(rows) == 96
    assert all(lower <= wh <= upper for _, _, wh, lower, upper, _ in rows)
    assert {row[-1] for row in rows} == {at}


def test_the_band_holds_about_four_of_five_readings(here: Distributor) -> None:
    for seed in range(6):
        feed(make_meter(here), 40, seed=seed)
    issue(here)
    inside = []
    for seed, meter in enumerate(Meter.objects.filter(distributor=here).order_by("pk")):
        starts = starts_of(meter, NOW, NOW + 2 * DAY)
        actual = usage_wh(meter, starts, seed=100 + seed)
        bands = Prediction.objects.filter(meter=meter).order_by("start").values_list("lower_wh", "upper_wh")
        inside += [low <= wh <= high for wh, (low, high) in zip(actual, bands, strict=True)]
    # Measured 0.94: fourteen held-out days ask for the 96th percentile at either side, not for the 90th.
    assert 0.76 < np.mean(inside) < 0.97


def test_events_and_outages_do_not_teach(here: Distributor, home: Meter) -> None:
    feeder = Feeder.objects.create(distributor=here, name="North")
    there = make_distributor()
    gapped = make_meter(there, "home")
    Meter.objects.filter(pk=home.pk).update(feeder=feeder)
    starts = starts_of(home, NOW - 30 * DAY, NOW)
    energies = usage_wh(home, starts)
    # Every Monday from 16:10 to 18:00 local; the half hour that an exclusion touches counts as a whole.
    spans = [(NOW - timedelta(days=7 * week) - 8 * HOUR + timedelta(minutes=10)) for week in range(4)]
    hit = np.array(
        [any(s - timedelta(minutes=10) <= start < s + timedelta(minutes=110) for s in spans) for start in starts]
    )
    store(home, starts, np.where(hit, 7, energies))
    store(gapped, [start for start, masked in zip(starts, hit, strict=True) if not masked], energies[~hit])
    for number, start in enumerate(spans):
        of_meter = number % 2 == 0
        if of_meter:
            exclude(
                kind=ExclusionKind.EVENT,
                meters=[home],
                start=start,
                end=start + timedelta(minutes=110),
                source=f"event {number}",
            )
        else:
            _outage(here, feeder, start)
    issue(here)
    issue(there)
    assert in_force(here) == in_force(there)


def _outage(distributor: Distributor, feeder: Feeder, start: datetime) -> None:
    Exclusion.objects.create(
        distributor=distributor,
        kind=ExclusionKind.OUTAGE,
        feeder=feeder,
        start=start,
        end=start + timedelta(minutes=110),
    )


def test_a_gap_is_a_gap_and_not_a_zero(here: Distributor, home: Meter) -> None:
    starts = starts_of(home, NOW - 30 * DAY, NOW)
    energies = usage_wh(home, starts)
    kept = np.array([start.astimezone(home.zone).day % 5 != 0 for start in starts])
    store(home, [start for start, there in zip(starts, kept, strict=True) if there], energies[kept])
    known = known_at([home], NOW, frozenset())[home.pk]
    assert np.array_equal(np.isnan(known.history.energy_wh), ~kept)
    issue(here)
    assert min(wh for _, _, wh, _, _ in in_force(here)) > 100


def test_meters_of_all_lengths_and_zones_are_predicted_on_their_own_grid(here: Distributor) -> None:
    zones = ("", "Asia/Kolkata", "Asia/Kathmandu")
    for minutes in (5, 15, 30, 60):
        for zone in zones:
            feed(make_meter(here, f"{minutes} {zone}", interval_minutes=minutes, zone_name=zone), 9)
    issue(here)
    assert not MeterForecast.objects.exclude(rung="similar-days").exists()
    for meter in Meter.objects.filter(distributor=here):
        local = [start.astimezone(meter.zone) for start in meter.predictions.values_list("start", flat=True)]
        assert len(local) == 48 * 60 // meter.interval_minutes
        assert all((moment.hour * 60 + moment.minute) % meter.interval_minutes == 0 for moment in local)
        peak = max(meter.predictions.all(), key=lambda row: row.wh).start.astimezone(meter.zone)
        assert 17 <= peak.hour <= 20


def test_whole_hours_of_india_keep_their_grid_when_the_history_is_longer_than_what_is_read(here: Distributor) -> None:
    meter = make_meter(here, interval_minutes=60, zone_name="Asia/Kolkata")
    feed(meter, 100)
    issue(here)
    late = starts_of(meter, NOW, NOW + 49 * HOUR)
    assert list(meter.predictions.order_by("start").values_list("start", flat=True)) == late
    known = known_at([meter], NOW, frozenset())[meter.pk]
    assert known.history.n_slots == 90 * 24 - 1
    assert np.isfinite(known.history.energy_wh).all()


def test_a_reading_that_is_off_the_grid_is_a_gap(here: Distributor, home: Meter) -> None:
    feed(home, 30)
    home.readings.create(start=NOW - 5 * DAY + timedelta(minutes=7), energy_wh=999_999)
    known = known_at([home], NOW, frozenset())[home.pk]
    assert known.history.energy_wh.max() < 999_999


# ---- meters that get none ---------------------------------------------------------------------------------


def test_a_meter_without_enough_history_gets_its_reason_and_no_prediction(here: Distributor, home: Meter) -> None:
    feed(home, 30)
    make_meter(here, "empty")
    young, forgotten = make_meter(here, "young"), make_meter(here, "forgotten")
    feed(young, 1)
    feed(forgotten, 10, end=NOW - 100 * DAY)
    retired = make_meter(here, "retired", retired_at=NOW)
    feed(retired, 30)
    finished = issue(here)
    assert finished.state == ForecastState.DONE
    reasons = dict(finished.meters.filter(rung="").values_list("meter__number", "fallback_reason"))
    assert reasons["empty"] == reasons["forgotten"] == "no readings of the last weeks"
    assert "needs 7 days of readings" in reasons["young"]
    assert set(reasons) == {"empty", "young", "forgotten"}
    assert {row[0] for row in in_force(here)} == {"home"}


def test_a_meter_with_a_strange_past_does_not_stop_the_others(here: Distributor, home: Meter) -> None:
    feed(home, 30)
    constant, single, stale, wild, dark = (
        make_meter(here, name) for name in ("constant", "single", "stale", "wild", "dark")
    )
    solar = make_meter(here, "solar", exports=True)
    starts = starts_of(home, NOW - 30 * DAY, NOW)
    store(constant, starts, np.zeros(len(starts), int))
    store(single, starts[-1:], np.array([5]))
    feed(stale, 30, end=NOW - 40 * DAY)
    store(wild, starts, np.where(np.arange(len(starts)) % 97 == 0, 1_900_000_000, usage_wh(home, starts)))
    store(solar, starts, usage_wh(home, starts) - 400)
    feed(dark, 30)
    exclude(kind=ExclusionKind.OUTAGE, meters=[dark], start=NOW - 40 * DAY, end=NOW, source="storm")
    for engine in ("statsmodels", "similar-days"):
        finished = issue(here, engine=engine)
        assert finished.state == ForecastState.DONE
        assert finished.meters.count() == 7
        assert finished.meters.get(meter=home).rung == engine
        assert not finished.meters.filter(rung="", fallback_reason="").exists()


def test_a_distributor_without_readings_fails_with_a_sentence_that_is_kept(here: Distributor, home: Meter) -> None:
    feed(home, 5, end=NOW + 3 * DAY)  # all of them later than the issue
    with pytest.raises(NothingToForecast) as refusal:
        issue(here, NOW - 3 * DAY)
    failed = Forecast.objects.get()
    assert (failed.state, failed.error) == (ForecastState.FAILED, str(refusal.value))
    assert failed.finished_at is not None
    assert not Prediction.objects.exists()


def test_any_other_fault_is_kept_too(here: Distributor, home: Meter) -> None:
    feed(home, 30)
    Distributor.objects.filter(pk=here.pk).update(holiday_calendar="XX")
    with pytest.raises(Exception, match="no holiday calendar"):
        issue(Distributor.objects.get(pk=here.pk))
    assert "no holiday calendar “XX”" in Forecast.objects.get(state=ForecastState.FAILED).error


def test_misuse_is_refused_before_anything_is_written(here: Distributor, home: Meter) -> None:
    with pytest.raises(NoSuchEngine, match="no engine “oracle”"):
        issue(here, engine="oracle")
    with pytest.raises(IssuedInFuture, match="has not come yet"):
        issue(here, timezone.now() + HOUR)
    assert not Forecast.objects.exists()


def test_reasons_are_cut_at_a_clause() -> None:
    clauses = [f"rung{number}: {'x' * 70}" for number in range(4)]
    whole = f"Too little history ({'; '.join(clauses)})."
    cut = _shortened(whole)
    assert cut == f"Too little history ({clauses[0]}; {clauses[1]}; …)"
    assert _shortened("short") == "short"
    assert len(_shortened("y" * 500)) <= 200


# ---- one after the other ----------------------------------------------------------------------------------


def test_the_same_moment_again_changes_nothing(here: Distributor, home: Meter) -> None:
    feed(home, 30)
    first = issue(here)
    before, version = in_force(here, "forecast_number"), Meter.objects.get(pk=home.pk).data_version
    kept = []
    second = issue(here, keep=lambda meter, answer: kept.append(answer))
    assert in_force(here, "forecast_number") == before
    assert Meter.objects.get(pk=home.pk).data_version == version
    assert {row[-1] for row in before} == {first.pk}
    assert kept[0].wh.tolist() == [row[2] for row in before]
    assert second.state == ForecastState.DONE


def test_a_later_issue_supersedes_and_an_earlier_one_does_not(here: Distributor, home: Meter) -> None:
    feed(home, 32, end=NOW + 2 * DAY)
    first, later = issue(here), issue(here, NOW + DAY)
    earlier = issue(here, NOW - DAY)
    numbers = [number for *_, number in in_force(here, "forecast_number")]
    assert numbers == [earlier.pk] * 48 + [first.pk] * 48 + [later.pk] * 96


def test_late_readings_get_their_prediction_and_the_saving_follows(here: Distributor, home: Meter) -> None:
    feed(home, 30)
    early = starts_of(home, NOW, NOW + 2 * HOUR)
    store(home, early[:1], np.array([1]))  # there before its forecast was made, like in a back-test
    issue(here)
    predicted = {start: wh for _, start, wh, _, _ in in_force(here)}
    store(home, early[1:3], np.array([1, 1_000_000]))
    for start, saved in ((early[0], predicted[early[0]] - 1), (early[1], predicted[early[1]] - 1), (early[2], 0)):
        row = reading(home, start)
        assert (row.predicted_wh, row.saving_wh) == (predicted[start], saved)
    assert reading(home, NOW - HOUR).predicted_wh is None
    assert reading(home, NOW - HOUR).saving_wh is None


def test_yesterday_is_scored_on_the_same_intervals_without_events(here: Distributor, home: Meter) -> None:
    starts = starts_of(home, NOW - 30 * DAY, NOW)
    energies = np.full(len(starts), 1_000)
    energies[-48:] = 1_200
    store(home, starts[:-48], energies[:-48])
    first = issue(here, NOW - DAY)
    assert (first.meters.get().mae_wh, first.meters.get().naive_mae_wh) == (None, 0.0)
    energies[-10:] = 0  # an event, which is nobody's error
    store(home, starts[-48:], energies[-48:])
    exclude(kind=ExclusionKind.EVENT, meters=[home], start=starts[-10], end=NOW, source="event")
    Prediction.objects.filter(meter=home).update(wh=1_150, lower_wh=0, upper_wh=9_999)
    home.readings.filter(predicted_wh__isnull=False).update(predicted_wh=1_150)
    record = issue(here).meters.get()
    assert (record.mae_wh, record.naive_mae_wh) == (50.0, 200.0)


# ---- the work per meter -----------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow_with_the_meters(
    here: Distributor, django_assert_max_num_queries: object
) -> None:
    for _ in range(2):
        feed(make_meter(here), 8)
    counts = []
    for more in (0, 10):
        for _ in range(more):
            feed(make_meter(here), 8)
        with django_assert_max_num_queries(40) as found:
            issue(here, NOW + more * HOUR)
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_batches_hold_meters_of_one_length_and_bounded_readings(here: Distributor) -> None:
    meters = [Meter(number=f"{at}", interval_minutes=(30, 1, 60)[at % 3]) for at in range(90)]
    parts = list(batches(meters))
    assert sorted(meter.number for part in parts for meter in part) == sorted(meter.number for meter in meters)
    for part in parts:
        (minutes,) = {meter.interval_minutes for meter in part}
        assert len(part) * (35 if minutes == 1 else 90) * 1440 / minutes <= SLOTS_PER_BATCH
    assert list(batches([])) == []
