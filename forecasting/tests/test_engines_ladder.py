"""The ladder: rungs, reasons, leakage, guards, clock changes, coverage and skill."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from forecasting.engines import (
    Forecast,
    History,
    HistoryInvalid,
    Task,
    TooLittleHistory,
    UnknownEngine,
    forecast,
    forecast_each,
    score,
)
from forecasting.engines.day_means import weekly_naive
from forecasting.tests.test_engines_samples import PER_DAY, START, day_after, home, home_wh

TWO_DAYS = 2 * PER_DAY
ENGINES = ["statsmodels", "similar-days", "mean-profile"]


def assert_sane(answer: Forecast, h: int = TWO_DAYS) -> None:
    """Right length, whole numbers, in order."""
    assert answer.wh.shape == answer.lower_wh.shape == answer.upper_wh.shape == (h,)
    assert answer.wh.dtype == np.int64
    assert (answer.lower_wh <= answer.wh).all()
    assert (answer.wh <= answer.upper_wh).all()


def same(one: Forecast, other: Forecast) -> bool:
    """Whether two forecasts say the same to the watt-hour."""
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("wh", "lower_wh", "upper_wh"))


@pytest.mark.parametrize("engine", ENGINES)
def test_named_engine_answers_when_history_is_long(engine: str) -> None:
    answer = forecast(home(60), day_after(60), TWO_DAYS, engine)
    assert_sane(answer)
    assert (answer.engine, answer.fallback_reason) == (engine, "")
    assert answer.start == day_after(60)
    assert answer.slot_starts()[-1] == day_after(62) - timedelta(minutes=30)
    assert answer.info.days_of_history == 60


@pytest.mark.parametrize(
    ("n_days", "engine", "words"),
    [
        (21, "statsmodels", ""),
        (20, "similar-days", "statsmodels: needs 21 days of readings, there are 20.0"),
        (8, "similar-days", "there are 8.0"),
        (7, "similar-days", "there are 7.0"),
        (6, "mean-profile", "similar-days: needs 7 days of readings, there are 6.0"),
        (2, "mean-profile", "there are 2.0"),
    ],
)
def test_rung_follows_from_the_days_of_readings_and_says_why(n_days: int, engine: str, words: str) -> None:
    answer = forecast(home(n_days), day_after(n_days), TWO_DAYS)
    assert_sane(answer)
    assert answer.engine == engine
    assert words in answer.fallback_reason


@pytest.mark.parametrize("n_days", [0, 1])
def test_too_little_history_is_refused_and_says_what_was_missing(n_days: int) -> None:
    with pytest.raises(TooLittleHistory, match=f"needs 2 days of readings, there are {n_days}.0"):
        forecast(home(n_days), day_after(n_days), TWO_DAYS)


@pytest.mark.parametrize(("n_days", "level"), [(0, 1.0), (3, 2.0)])
def test_like_meters_stand_in_at_the_meters_own_level(n_days: int, level: float) -> None:
    profile = np.tile(home_wh(1, seed=3), (7, 1))
    young = home(n_days, energy_wh=level * np.tile(home_wh(1, seed=3), n_days))
    answer = forecast(young, day_after(n_days), PER_DAY, like_profile=profile)
    assert_sane(answer, PER_DAY)
    assert answer.engine == "like-meters"
    assert "similar-days: needs 7 days" in answer.fallback_reason
    assert np.allclose(answer.wh, level * profile[0], atol=1)
    assert (answer.lower_wh >= 0).all()


def test_profile_of_like_meters_with_a_gap_or_another_shape_is_refused() -> None:
    with pytest.raises(HistoryInvalid, match="7 rows"):
        forecast(home(0), START, 4, like_profile=np.full((7, PER_DAY), np.nan))
    with pytest.raises(HistoryInvalid, match="7 rows"):
        forecast(home(0), START, 4, like_profile=np.ones(PER_DAY))


def test_lower_rung_can_be_asked_for_and_an_unknown_one_is_refused() -> None:
    assert forecast(home(30), day_after(30), 4, "mean-profile").engine == "mean-profile"
    with pytest.raises(UnknownEngine, match="statsmodels, similar-days"):
        forecast(home(30), day_after(30), 4, "crystal-ball")


def test_meter_that_is_mostly_gap_falls_back_with_the_reason() -> None:
    wh = home_wh(80)
    wh[np.arange(len(wh)) % 5 < 3] = np.nan
    answer = forecast(home(80, energy_wh=wh), day_after(80), TWO_DAYS)
    assert_sane(answer)
    assert answer.engine == "similar-days"
    assert "more than half of the readings are missing" in answer.fallback_reason


def test_batch_answers_each_meter_as_it_would_alone() -> None:
    rows = np.stack([home_wh(40, seed) for seed in (1, 2, 3)])
    rows[2] = np.nan
    batch = home(40, energy_wh=rows)
    first, second, third = forecast_each(batch, day_after(40), TWO_DAYS)
    assert same(first, forecast(home(40, seed=1), day_after(40), TWO_DAYS))
    assert same(second, forecast(home(40, seed=2), day_after(40), TWO_DAYS))
    assert isinstance(third, TooLittleHistory)
    with pytest.raises(HistoryInvalid, match="one meter"):
        forecast(batch, day_after(40), TWO_DAYS)
    with pytest.raises(HistoryInvalid, match="a batch"):
        forecast_each(home(40), day_after(40), TWO_DAYS)


@pytest.mark.parametrize("engine", ENGINES)
def test_same_question_has_the_same_answer(engine: str) -> None:
    assert same(forecast(home(45), day_after(45), 96, engine), forecast(home(45), day_after(45), 96, engine))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("minutes", [0, 10])
def test_nothing_that_ended_after_the_issue_changes_the_forecast(engine: str, minutes: int) -> None:
    issued_at = day_after(50) + timedelta(minutes=minutes)
    changed = home_wh(60)
    changed[50 * PER_DAY :] = -1e6
    mask = np.zeros(len(changed), dtype=bool)
    mask[50 * PER_DAY + 5 :] = True
    before = forecast(home(60), issued_at, TWO_DAYS, engine)
    assert same(before, forecast(home(60, energy_wh=changed, excluded=mask), issued_at, TWO_DAYS, engine))
    changed[50 * PER_DAY - 1] += 500
    assert not same(before, forecast(home(60, energy_wh=changed), issued_at, TWO_DAYS, engine))


def test_gap_is_not_read_as_zero() -> None:
    gappy, zeros = home_wh(60), home_wh(60)
    gaps = np.random.default_rng(1).choice(60, 12, replace=False)
    for day in gaps:
        gappy[day * PER_DAY + 10 : day * PER_DAY + 40] = np.nan
        zeros[day * PER_DAY + 10 : day * PER_DAY + 40] = 0
    whole, with_gaps, with_zeros = (
        forecast(home(60, energy_wh=wh), day_after(60), TWO_DAYS).wh for wh in (home_wh(60), gappy, zeros)
    )
    assert np.abs(with_gaps - whole).mean() < 0.5 * np.abs(with_zeros - whole).mean()
    assert np.abs(with_gaps - whole).mean() < 0.1 * whole.mean()


@pytest.mark.parametrize("engine", ENGINES)
def test_excluded_slots_do_not_teach(engine: str) -> None:
    event = slice(58 * PER_DAY + 34, 58 * PER_DAY + 42)
    low, high = home_wh(60), home_wh(60)
    low[event], high[event] = 10, 900
    mask = np.zeros(len(low), dtype=bool)
    mask[event] = True
    one = forecast(home(60, energy_wh=low, excluded=mask), day_after(60), TWO_DAYS, engine)
    other = forecast(home(60, energy_wh=high, excluded=mask), day_after(60), TWO_DAYS, engine)
    assert same(one, other)


def test_readings_that_arrive_a_day_late_still_give_a_forecast_from_the_issue_on() -> None:
    answer = forecast(home(60), day_after(61), TWO_DAYS)
    assert_sane(answer)
    assert (answer.engine, answer.start) == ("statsmodels", day_after(61))


@pytest.mark.parametrize("n_days", [8, 25, 60])
@pytest.mark.parametrize("kind", ["explosive", "constant", "zeros", "spike", "sawtooth", "mostly zero"])
def test_odd_series_stays_inside_one_and_a_half_times_its_range(kind: str, n_days: int) -> None:
    n = n_days * PER_DAY
    rng = np.random.default_rng(5)
    wh = {
        "explosive": np.rint(np.exp(np.linspace(0, 16, n))),
        "constant": np.full(n, 250.0),
        "zeros": np.zeros(n),
        "spike": np.where(np.arange(n) == n - 30, 5e7, home_wh(n_days)),
        "sawtooth": np.arange(n) % 1000.0,
        "mostly zero": np.where(rng.random(n) < 0.02, 3000.0, 0.0),
    }[kind]
    answer = forecast(home(n_days, energy_wh=wh), day_after(n_days), 4 * PER_DAY)
    assert_sane(answer, 4 * PER_DAY)
    highest = np.sort(wh)[-2] if kind == "spike" else wh.max()
    assert answer.lower_wh.min() >= 0
    assert answer.upper_wh.max() <= 1.5 * highest


def test_constant_meter_is_forecast_as_itself_and_says_why() -> None:
    answer = forecast(home(40, energy_wh=np.full(40 * PER_DAY, 250.0)), day_after(40), TWO_DAYS)
    assert (answer.wh == 250).all()
    assert "the readings do not vary" in answer.fallback_reason


def test_meter_with_solar_is_fitted_without_log_and_may_go_negative() -> None:
    hour = np.arange(60 * PER_DAY) % PER_DAY / 2
    wh = home_wh(60) - 900 * np.exp(-((hour - 12.5) ** 2) / 8)
    answer = forecast(home(60, energy_wh=wh), day_after(60), TWO_DAYS)
    assert not answer.info.is_log
    assert answer.wh.min() < -200
    assert_sane(answer)


@pytest.mark.parametrize("engine", ENGINES)
def test_evening_peak_stays_in_the_evening_across_a_clock_change(engine: str) -> None:
    answer = forecast(home(42), day_after(42), 46 + PER_DAY, engine)  # from the Sunday the clock leaps
    monday = answer.wh[46:]  # the day of the change has 46 slots
    assert abs(int(np.argmax(monday)) - 38) <= 1
    assert answer.slot_starts()[46] == datetime(2021, 3, 15, 4, tzinfo=UTC)


def test_autumn_day_with_a_repeated_hour_is_forecast_whole() -> None:
    start = datetime(2021, 9, 26, 4, tzinfo=UTC)
    history = home(42, start=start)  # to the first Sunday of November
    answer = forecast(history, start + timedelta(days=42), 50 + PER_DAY)
    assert_sane(answer, 50 + PER_DAY)
    assert abs(int(np.argmax(answer.wh[50:])) - 38) <= 1


def test_holiday_looks_like_a_day_off() -> None:
    holidays = frozenset({date(2021, 4, 1)})  # a Thursday
    plain = forecast(home(60), day_after(60), PER_DAY, "similar-days")
    festive = forecast(home(60, holidays=holidays), day_after(60), PER_DAY, "similar-days")
    assert plain.start.date() == date(2021, 4, 1)
    assert festive.wh[18:22].sum() > plain.wh[18:22].sum()
    assert_sane(forecast(home(60, holidays=holidays), day_after(60), PER_DAY), PER_DAY)


def backtest(histories: list[History], engine: str) -> dict[str, np.ndarray]:
    """Forecast, band, naive and reading, each (n, 96), of every history at four origins a few days apart."""
    columns: dict[str, list[np.ndarray]] = {"wh": [], "low": [], "high": [], "naive": [], "actual": []}
    for history in histories:
        for day in (45, 50, 54, 58):
            issued_at = history.start + timedelta(days=day)
            answer = forecast(history, issued_at, TWO_DAYS, engine)
            columns["wh"].append(answer.wh)
            columns["low"].append(answer.lower_wh)
            columns["high"].append(answer.upper_wh)
            columns["naive"].append(weekly_naive(Task.at(history, issued_at, TWO_DAYS, 90)))
            columns["actual"].append(history.energy_wh[day * PER_DAY :][:TWO_DAYS])
    return {name: np.array(rows) for name, rows in columns.items()}


@pytest.mark.parametrize(("engine", "worst"), [("statsmodels", 0.80), ("similar-days", 0.85)])
def test_engine_beats_the_weekly_naive_and_its_band_holds_about_80_percent(engine: str, worst: float) -> None:
    rows = backtest([home(60, seed) for seed in range(8)], engine)
    result = score(rows["actual"], rows["wh"], (rows["low"], rows["high"]), rows["naive"])
    assert result.relative is not None
    assert result.relative < worst
    # The noise of a home lasts for hours, so 32 forecasts are far fewer than 3,072 independent slots.
    assert 0.70 < result.coverage < 0.95


def test_weekly_naive_is_the_reading_of_the_week_before_or_the_last_week_there_is() -> None:
    history = home(28)
    wh = home_wh(28)
    assert np.array_equal(weekly_naive(Task.at(history, day_after(28), 48, 90)), wh[21 * PER_DAY : 22 * PER_DAY])
    wh[21 * PER_DAY] = np.nan
    gappy = replace(history, energy_wh=wh)
    assert weekly_naive(Task.at(gappy, day_after(28), 48, 90))[0] == wh[14 * PER_DAY]
    assert np.isnan(weekly_naive(Task.at(home(3), day_after(3), 48, 90))).all()
