"""Stability, bounds and bands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.engines.autoreg import lags_for
from forecasting.engines.guards import Bounds, historic_bounds, is_stable
from forecasting.engines.intervals import conformal_band

WIDE = Bounds(-1e9, 1e9)


@given(st.lists(st.floats(-1.2, 1.2), min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_stability_agrees_with_the_roots_of_the_polynomial(coefficients: list[float]) -> None:
    roots = np.roots([1.0, *(-value for value in coefficients)])
    largest = np.abs(roots).max(initial=0.0)
    if abs(largest - 1) > 1e-3:
        assert is_stable(tuple(range(1, len(coefficients) + 1)), np.array(coefficients)) == (largest < 1)


def test_explosive_long_lags_are_unstable() -> None:
    lags = lags_for(48, 90)
    assert not is_stable(lags, np.full(len(lags), 0.2))
    assert is_stable(lags, np.full(len(lags), 0.09))
    assert not is_stable((1,), np.array([np.nan]))


def test_bounds_are_one_and_a_half_times_the_range_and_never_below_zero_without_solar() -> None:
    series = np.array([100.0, 300.0] * 200)
    assert historic_bounds(series, never_negative=True) == Bounds(50.0, 350.0)
    assert historic_bounds(series - 200, never_negative=False) == Bounds(-150.0, 150.0)
    assert historic_bounds(series - 90, never_negative=True).lowest == 0.0


def test_one_broken_reading_does_not_widen_the_bounds() -> None:
    series = np.array([100.0, 300.0] * 200)
    broken = series.copy()
    broken[7] = 1e9
    assert historic_bounds(broken, never_negative=True) == historic_bounds(series, never_negative=True)


def test_band_is_the_tenth_and_ninetieth_percentile_widened_for_few_days() -> None:
    errors = np.repeat(np.arange(-50.0, 51.0)[:, None], 20, axis=1)
    lower, middle, upper = conformal_band(np.zeros(20), errors, WIDE)
    assert (middle == 0).all()
    assert lower.tolist() == [-41.0] * 20
    assert upper.tolist() == [41.0] * 20
    few = conformal_band(np.zeros(20), errors[::20], WIDE)
    assert few[2].tolist() == [50.0] * 20


@pytest.mark.parametrize("shift", [-500.0, 500.0])
def test_band_always_holds_the_forecast_even_when_all_errors_lie_on_one_side(shift: float) -> None:
    lower, middle, upper = conformal_band(np.zeros(8), np.full((14, 8), shift), WIDE)
    assert (lower <= middle).all()
    assert (middle <= upper).all()


def test_slots_beyond_the_held_out_errors_take_the_last_offset() -> None:
    errors = np.full((14, 30), np.nan)
    errors[:, :20] = np.linspace(-10, 10, 14)[:, None]
    upper = conformal_band(np.zeros(30), errors, WIDE)[2]
    assert (upper[20:] == upper[19]).all()


def test_band_without_any_error_is_what_the_meter_may_reach() -> None:
    lower, _, upper = conformal_band(np.full(4, 5.0), np.full((3, 4), np.nan), Bounds(0.0, 9.0))
    assert lower.tolist() == [0.0] * 4
    assert upper.tolist() == [9.0] * 4
