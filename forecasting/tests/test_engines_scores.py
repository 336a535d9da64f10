"""Scores and autocorrelation."""

import numpy as np
import pytest
from statsmodels.tsa.stattools import acf, levinson_durbin, pacf

from forecasting.engines import NothingToScore, SeriesDoesNotVary, TooLittleHistory, autocorrelation, score
from forecasting.tests.test_engines_samples import home_wh


def test_score_counts_only_slots_that_have_everything() -> None:
    actual = np.array([10.0, np.nan, 30.0, 40.0])
    naive = np.array([14.0, 5.0, np.nan, 44.0])
    wh = np.array([12, 0, 0, 40])
    result = score(actual, wh, (wh - 1, wh + 1), naive)
    assert (result.n_slots, result.mae_wh, result.naive_mae_wh) == (2, 1.0, 4.0)
    assert (result.relative, result.coverage) == (0.25, 0.5)


def test_score_of_a_perfect_naive_has_no_ratio_and_of_nothing_is_refused() -> None:
    ones = np.ones(3)
    assert score(ones, ones, (ones, ones), ones).relative is None
    with pytest.raises(NothingToScore):
        score(ones, ones, (ones, ones), np.full(3, np.nan))


def test_autocorrelation_agrees_with_statsmodels_on_a_series_without_gaps() -> None:
    series = home_wh(30)
    result = autocorrelation(series, 96)
    assert np.allclose(result.acf, acf(series, nlags=96))
    assert np.allclose(result.pacf, pacf(series, nlags=96, method="ldb"))
    assert result.acf[0] == result.pacf[0] == 1
    assert result.band_95 == pytest.approx(1.96 / np.sqrt(30 * 48), rel=1e-4)
    assert result.band_99 > result.band_95


def test_gaps_hardly_move_the_autocorrelation_and_are_not_zeros() -> None:
    series = home_wh(60)
    gappy = series.copy()
    gappy[np.random.default_rng(2).random(len(series)) < 0.1] = np.nan
    result = autocorrelation(gappy, 48)
    assert result.n_readings == np.isfinite(gappy).sum()
    assert np.abs(result.acf - autocorrelation(series, 48).acf).max() < 0.15
    assert (np.abs(result.pacf) <= 1).all()


def test_white_noise_stays_mostly_inside_the_bands() -> None:
    result = autocorrelation(np.random.default_rng(3).normal(size=2000), 200)
    assert 0.90 < np.mean(np.abs(result.acf[1:]) < result.band_95) <= 1
    assert 0.95 < np.mean(np.abs(result.pacf[1:]) < result.band_99) <= 1


def test_lags_are_limited_and_hopeless_series_are_refused() -> None:
    assert len(autocorrelation(np.arange(20.0), 500).acf) == 10
    with pytest.raises(TooLittleHistory, match="needs 10 readings, there are 4"):
        autocorrelation(np.array([1.0, 2.0, np.nan, 3.0, 4.0]), 3)
    with pytest.raises(SeriesDoesNotVary):
        autocorrelation(np.full(50, 7.0), 5)


@pytest.mark.parametrize("seed", range(3))
def test_autocorrelation_agrees_with_statsmodels_on_a_series_with_gaps(seed: int) -> None:
    random = np.random.default_rng(seed)
    series = np.cumsum(random.normal(size=300)) + random.normal(size=300)
    series[random.choice(300, 40, replace=False)] = np.nan
    found = autocorrelation(series, 40)
    expected = acf(series, nlags=40, missing="conservative", fft=False)
    assert np.allclose(found.acf, expected, atol=1e-12)
    assert np.allclose(found.pacf, np.clip(levinson_durbin(expected, nlags=40, isacov=True)[2], -1, 1))
