"""80 % intervals from errors the engine really made on held-out days."""

from collections.abc import Callable

import numpy as np

from forecasting.engines.guards import Bounds
from forecasting.engines.history import Floats, Task

COVERAGE = 0.8
NEIGHBOURS = 2  # slots at either side whose errors count as this slot's
FEWEST_DAYS = 2  # one day's errors say nothing about spread


def held_out_errors(task: Task, n_days: int, predict: Callable[[int], Floats]) -> Floats:
    """(n_days, h) Wh, reading minus forecast, of the same forecast made 1 … n_days days earlier.

    Args:
        task: the real question; the earlier ones have its time of day, horizon and stretch without readings.
        n_days: how many earlier questions.
        predict: forecast (h,) made so many days earlier, from readings that were known then.

    Returns:
        NaN where there is no usable reading (yet) to compare with.
    """
    errors = np.full((n_days, task.horizon_slots), np.nan)
    for row in range(n_days):
        errors[row] = actual_wh(task, row + 1) - predict(row + 1)
    return errors


def actual_wh(task: Task, days_back: int) -> Floats:
    """(h,) usable readings of the horizon moved back by whole days, NaN where there are none."""
    first = task.first_target - days_back * task.history.slots_per_day
    actual = np.full(task.horizon_slots, np.nan)
    known = task.usable_wh[max(0, first) : first + task.horizon_slots] if first > 0 else task.usable_wh[:0]
    actual[: len(known)] = known
    return actual


def conformal_band(middle: Floats, errors: Floats, bounds: Bounds) -> tuple[Floats, Floats, Floats]:
    """(lower, middle, upper), each (h,) Wh, in order and inside the bounds.

    Args:
        middle: (h,) Wh, the forecast.
        errors: (n, h) Wh, reading minus forecast on held-out days; missing as NaN.
        bounds: what the meter may reach.

    Source: split conformal prediction with signed errors, 10 % in each tail, level (n + 1)/n. Deviations: a
    slot borrows the errors of two neighbours at either side; they are not independent of its own, so n counts
    days, not errors. Slots further ahead than any held-out error take the last offset there is. Without any
    error the band is the bounds.
    """
    middle = bounds.clip(middle)
    low, high = _offsets(errors)
    lower = np.where(np.isnan(low), bounds.lowest, middle + low)
    upper = np.where(np.isnan(high), bounds.highest, middle + high)
    lower, upper = bounds.clip(np.minimum(lower, middle)), bounds.clip(np.maximum(upper, middle))
    return lower, middle, upper


def _offsets(errors: Floats) -> tuple[Floats, Floats]:
    """Signed offsets (h,) of the lower and upper edge; NaN where no slot so far had enough errors."""
    if not len(errors):
        return np.full(errors.shape[1], np.nan), np.full(errors.shape[1], np.nan)
    padded = np.pad(errors, ((0, 0), (NEIGHBOURS, NEIGHBOURS)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1, axis=1)
    pooled = np.sort(windows.transpose(1, 0, 2).reshape(errors.shape[1], -1), axis=1)
    counts = np.isfinite(pooled).sum(axis=1)
    n_days = np.maximum(np.isfinite(windows).any(axis=2).sum(axis=0), 1)
    level = np.minimum(1.0, (1 + COVERAGE) / 2 * (n_days + 1) / n_days)
    above = np.maximum(np.ceil(level * counts).astype(np.int64) - 1, 0)
    below = np.maximum(counts - 1 - above, 0)
    rows = np.arange(len(pooled))
    low = np.where(n_days >= FEWEST_DAYS, pooled[rows, below], np.nan)
    high = np.where(n_days >= FEWEST_DAYS, pooled[rows, above], np.nan)
    return _carry_forward(low), _carry_forward(high)


def _carry_forward(values: Floats) -> Floats:
    """Copy whose NaN take the last finite value before them."""
    position = np.where(np.isfinite(values), np.arange(len(values)), 0)
    return values[np.maximum.accumulate(position)]
