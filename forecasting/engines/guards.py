"""What keeps a fitted model from saying something absurd."""

from dataclasses import dataclass

import numpy as np

from forecasting.engines.history import Floats

RANGE_FACTOR = 1.5
TRIMMED_SHARE = 0.005
ALMOST_ONE = 1 - 1e-6


@dataclass(frozen=True)
class Bounds:
    """Lowest and highest Wh an engine may answer for one meter."""

    lowest: float
    highest: float

    def clip(self, values: Floats) -> Floats:
        """The values inside the bounds, same shape; NaN is not let through silently."""
        return np.clip(values, self.lowest, self.highest)


def historic_bounds(series: Floats, *, never_negative: bool) -> Bounds:
    """Bounds of 1.5 times the historic range about its middle, not below zero for a meter that never feeds.

    The range leaves out half a percent of the readings at either end, so that one broken one cannot widen it.

    Args:
        series: (n,) Wh, missing as NaN, at least one reading.
        never_negative: the meter has no negative reading.

    >>> historic_bounds(np.array([0.0, 100.0] * 500), never_negative=True)
    Bounds(lowest=0.0, highest=125.0)
    """
    finite = series[np.isfinite(series)]
    low = float(np.quantile(finite, TRIMMED_SHARE, method="higher"))
    high = float(np.quantile(finite, 1 - TRIMMED_SHARE, method="lower"))
    margin = (RANGE_FACTOR - 1) / 2 * (high - low)
    lowest = max(0.0, low - margin) if never_negative else low - margin
    return Bounds(lowest, max(lowest, high + margin))


def is_stable(lags: tuple[int, ...], coefficients: Floats) -> bool:
    """Whether the autoregression x[t] = sum(coefficients * x[t - lags]) dies out.

    Args:
        lags: positive and ascending.
        coefficients: one for each lag.

    Source: Schur-Cohn step-down recursion; exact, and cheaper than the roots of a polynomial of degree 336.

    >>> is_stable((1, 2), np.array([0.5, 0.3])), is_stable((1, 2), np.array([0.9, 0.3]))
    (True, False)
    """
    if not np.isfinite(coefficients).all():
        return False
    if np.abs(coefficients).sum() < ALMOST_ONE:
        return True
    polynomial = np.zeros(max(lags) + 1)
    polynomial[0] = 1.0
    polynomial[list(lags)] = -coefficients
    while len(polynomial) > 1:
        reflection = polynomial[-1]
        if not abs(reflection) < ALMOST_ONE:
            return False
        polynomial = ((polynomial - reflection * polynomial[::-1]) / (1 - reflection**2))[:-1]
    return True
