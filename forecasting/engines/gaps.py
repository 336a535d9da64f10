"""Gaps stay gaps: they are filled from the meter's own week, inside a fit only, and never read as zero."""

import numpy as np

from forecasting.engines.history import Floats, Ints
from forecasting.engines.local_calendar import LocalCalendar


def fill_gaps(series: Floats, calendar: LocalCalendar, slots_per_day: int) -> Floats:
    """Copy of the series (n,) whose NaN are the mean of that local slot on that weekday.

    Where a weekday has no reading in the slot, the mean of the slot on every day stands in, then the overall
    mean. A series without any reading becomes zeros; callers refuse it first.
    """
    missing = ~np.isfinite(series)
    if not missing.any():
        return series.copy()
    n = len(series)
    overall = float(np.mean(series[~missing])) if not missing.all() else 0.0
    by_slot = _group_means(series, calendar.slot[:n], slots_per_day)
    week_slot = calendar.weekday[:n] * slots_per_day + calendar.slot[:n]
    by_week_slot = _group_means(series, week_slot, 7 * slots_per_day)
    profile = by_week_slot[week_slot]
    profile = np.where(np.isfinite(profile), profile, by_slot[calendar.slot[:n]])
    profile = np.where(np.isfinite(profile), profile, overall)
    return np.where(missing, profile, series)


def _group_means(series: Floats, group: Ints, n_groups: int) -> Floats:
    """(n_groups,) mean of the finite values of each group, NaN where there is none."""
    finite = np.isfinite(series)
    counts = np.bincount(group[finite], minlength=n_groups)
    sums = np.bincount(group[finite], weights=series[finite], minlength=n_groups)
    means: Floats = np.divide(sums, counts, out=np.full(n_groups, np.nan), where=counts > 0)
    return means
