"""Engines that average local days: similar days, the seven-day mean, and the weekly naive reference."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from forecasting.engines.errors import FitRefused
from forecasting.engines.guards import historic_bounds
from forecasting.engines.history import FitInfo, Flags, Floats, Forecast, Ints, Task, as_forecast
from forecasting.engines.intervals import conformal_band, held_out_errors

SIMILAR_DAYS = "similar-days"
SIMILAR_DAYS_MIN = 7
MEAN_PROFILE = "mean-profile"
MEAN_PROFILE_MIN = 2
SAME_WEEKDAYS = 4
LAST_DAYS = 7
SAME_WEEKDAY_WEIGHT = 0.5
CALIBRATION_DAYS = 14


@dataclass(frozen=True, eq=False)
class DayTable:
    """Usable readings of a task by local day and slot, rows from the first day to the last target's."""

    task: Task

    @cached_property
    def row(self) -> Ints:
        """(n_all,) row of every slot of history, stretch without readings and horizon."""
        day = self.task.calendar.day
        rows: Ints = day - day[0]
        return rows

    @cached_property
    def is_off(self) -> Flags:
        """(n_rows,) weekend or holiday."""
        flags = np.zeros(int(self.row[-1]) + 1, dtype=np.bool_)
        flags[self.row] = self.task.calendar.is_off
        return flags

    def known(self, days_back: int) -> Floats:
        """(n_rows, slots_per_day) Wh known so many days before the task's issue, else NaN.

        In the hour a clock repeats the later reading stands; in the hour it skips there is NaN.
        """
        wh = self.task.usable_wh
        wh = wh[: max(0, len(wh) - days_back * self.task.history.slots_per_day)]
        table = np.full((len(self.is_off), self.task.history.slots_per_day), np.nan)
        table[self.row[: len(wh)], self.task.calendar.slot[: len(wh)]] = wh
        return table

    def targets(self, days_back: int) -> tuple[Ints, Ints]:
        """Row and slot, each (h,), of the horizon moved back by whole days; before the history, slot 0."""
        first = self.task.first_target - days_back * self.task.history.slots_per_day
        positions = np.maximum(np.arange(first, first + self.task.horizon_slots), 0)
        return self.row[positions], self.task.calendar.slot[positions]


Estimate: TypeAlias = Callable[[DayTable, int], Floats]


def forecast_similar_days(task: Task) -> Forecast:
    """Forecast from the last four same weekdays and the last seven days of the same kind (working or off).

    Raises:
        FitRefused: there is no reading at all.
    """
    return _forecast_by(task, SIMILAR_DAYS, similar_days_wh)


def forecast_mean_profile(task: Task) -> Forecast:
    """Forecast from the mean of each local slot over its last seven readings.

    Raises:
        FitRefused: there is no reading at all.
    """
    return _forecast_by(task, MEAN_PROFILE, _mean_profile)


def weekly_naive(task: Task) -> Floats:
    """(h,) Wh of the same local slot a week before, or the last such week with a reading; NaN where none has.

    The reference every forecast is measured against.
    """
    table = DayTable(task)
    row, slot = table.targets(0)
    return _latest(table.known(0), (row, slot), _steps(table, 7), 1)


def _forecast_by(task: Task, name: str, estimate: Estimate) -> Forecast:
    """Forecast of a day average, its band from the same average made on earlier days."""
    if not task.usable_wh.size:
        raise FitRefused("there is no reading")
    table = DayTable(task)
    bounds = historic_bounds(task.usable_wh, never_negative=task.never_negative)
    n_days = min(CALIBRATION_DAYS, max(1, int(task.days_of_history) - 1))
    errors = held_out_errors(task, n_days, lambda days_back: estimate(table, days_back))
    band = conformal_band(_without_holes(task, table, estimate(table, 0)), errors, bounds)
    return as_forecast(task, name, band, FitInfo(round(task.days_of_history, 2), n_calibration_days=n_days))


def similar_days_wh(table: DayTable, days_back: int) -> Floats:
    """(h,) Wh as forecast_similar_days, from what was known days_back earlier; NaN where no day is."""
    known, targets = table.known(days_back), table.targets(days_back)
    weekdays = _latest(known, targets, _steps(table, 7), SAME_WEEKDAYS)
    recent = _latest(known, targets, _steps(table, 1), LAST_DAYS, table.is_off)
    both = SAME_WEEKDAY_WEIGHT * weekdays + (1 - SAME_WEEKDAY_WEIGHT) * recent
    either = np.where(np.isfinite(weekdays), weekdays, recent)
    return np.where(np.isfinite(both), both, either)


def _mean_profile(table: DayTable, days_back: int) -> Floats:
    """(h,) Wh as forecast_mean_profile, from what was known days_back earlier; NaN without a reading."""
    return _latest(table.known(days_back), table.targets(days_back), _steps(table, 1), LAST_DAYS)


def _steps(table: DayTable, every: int) -> Ints:
    """Days to look back: every day or week, as far as a month of readings before the horizon."""
    task = table.task
    unread = (task.n_all - len(task.usable_wh)) // task.history.slots_per_day
    return np.arange(every, 5 * 7 + unread + every, every)


def _latest(known: Floats, targets: tuple[Ints, Ints], steps: Ints, n_values: int, kind: Flags | None = None) -> Floats:
    """(h,) mean of the latest n_values readings of the target's slot among the days `steps` before it.

    Args:
        known: (n_rows, slots_per_day) Wh, missing as NaN.
        targets: row and slot, each (h,).
        steps: ascending numbers of days back.
        n_values: how many readings to average.
        kind: (n_rows,) of each day; only days of the target's kind count.
    """
    row, slot = targets
    source = row - steps[:, None]
    values = np.where(source >= 0, known[np.maximum(source, 0), slot], np.nan)
    if kind is not None:
        values = np.where(kind[np.maximum(source, 0)] == kind[row], values, np.nan)
    is_there = np.isfinite(values)
    is_used = is_there & (np.cumsum(is_there, axis=0) <= n_values)
    counts = is_used.sum(axis=0)
    sums = np.where(is_used, values, 0.0).sum(axis=0)
    means: Floats = np.divide(sums, counts, out=np.full(len(row), np.nan), where=counts > 0)
    return means


def _without_holes(task: Task, table: DayTable, values: Floats) -> Floats:
    """The values (h,), with the slot's mean over all days, then the overall mean, where there is none."""
    known = table.known(0)
    counts = np.isfinite(known).sum(axis=0)
    sums = np.nansum(known, axis=0)
    by_slot = np.divide(sums, counts, out=np.full(len(counts), float(np.nanmean(known))), where=counts > 0)
    return np.where(np.isfinite(values), values, by_slot[table.targets(0)[1]])
