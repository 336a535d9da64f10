"""Autocorrelation and partial autocorrelation of a series with gaps, for the operator's chart."""

from dataclasses import dataclass

import numpy as np

from forecasting.engines.errors import SeriesDoesNotVary, TooLittleHistory
from forecasting.engines.history import Floats

FEWEST_READINGS = 10
Z_95 = 1.959964
Z_99 = 2.575829


@dataclass(frozen=True, eq=False)
class Autocorrelation:
    """Correlations by lag 0 … n_lags; white noise of as many readings stays within ± the bands.

    `acf` and `pacf` are (n_lags + 1,), 1 at lag 0. `n_readings` counts the readings that were there.
    """

    acf: Floats
    pacf: Floats
    band_95: float
    band_99: float
    n_readings: int


def autocorrelation(series: Floats, n_lags: int) -> Autocorrelation:
    """Autocorrelations of a series (n,), missing as NaN; at most half as many lags as there are readings.

    Raises:
        TooLittleHistory: fewer than ten readings.
        SeriesDoesNotVary: all readings are equal.

    Source: sample autocorrelation over the pairs there are (statsmodels' "conservative", which a test compares:
    it would bring 150 MB into a web process), partial ones from it by Levinson and Durbin, bands ± z / sqrt(n).
    With many gaps the partial ones are rough, held to ± 1.
    """
    n_readings = int(np.isfinite(series).sum())
    if n_readings < FEWEST_READINGS:
        raise TooLittleHistory(f"Autocorrelation needs {FEWEST_READINGS} readings, there are {n_readings}.")
    if np.ptp(series[np.isfinite(series)]) == 0:
        raise SeriesDoesNotVary("All readings are equal, so there is no autocorrelation.")
    n_lags = max(1, min(n_lags, n_readings // 2 - 1))
    acf = _correlations(series, n_lags)
    pacf = _partial(acf)
    root = float(np.sqrt(n_readings))
    return Autocorrelation(acf, np.clip(pacf, -1, 1), Z_95 / root, Z_99 / root, n_readings)


def _correlations(series: Floats, n_lags: int) -> Floats:
    """Those of lag 0 … n_lags; a pair of which one reading is missing adds nothing."""
    centered = np.nan_to_num(series - np.nanmean(series), nan=0.0)
    products = [centered[: len(centered) - lag] @ centered[lag:] for lag in range(n_lags + 1)]
    correlations: Floats = np.array(products) / products[0]
    return correlations


def _partial(acf: Floats) -> Floats:
    """The partial ones, by the recursion of Levinson and Durbin."""
    partial = np.ones(len(acf))
    coefficients, error = np.zeros(len(acf)), 1.0
    for lag in range(1, len(acf)):
        before = coefficients[1:lag]
        reflected = (acf[lag] - before @ acf[lag - 1 : 0 : -1]) / error
        coefficients[1:lag] = before - reflected * before[::-1]
        coefficients[lag] = partial[lag] = reflected
        error *= 1 - reflected**2
    return partial
