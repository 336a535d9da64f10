"""The last rung: the typical week of like meters, for a meter too young to have its own."""

import numpy as np

from forecasting.engines.errors import HistoryInvalid
from forecasting.engines.guards import Bounds
from forecasting.engines.history import FitInfo, Floats, Forecast, Task, as_forecast
from forecasting.engines.intervals import actual_wh, conformal_band

NAME = "like-meters"
OWN_LEVEL_DAYS = 1


def forecast_like_meters(task: Task, profile: Floats) -> Forecast:
    """Forecast from the typical week of like meters, scaled to the meter's own level once it has a day.

    The band is zero to twice the forecast until the meter's own errors against the profile can say better.

    Args:
        task: one meter.
        profile: (7, slots_per_day) Wh by local weekday (Monday first) and slot, no gap.

    Raises:
        HistoryInvalid: the profile has another shape or a gap.
    """
    if profile.shape != (7, task.history.slots_per_day) or not np.isfinite(profile).all():
        raise HistoryInvalid("The profile of like meters must have 7 rows of a day's slots and no gap.")
    calendar = task.calendar
    typical = profile[calendar.weekday, calendar.slot] * _own_level(task, profile)
    middle = typical[task.first_target :]
    bounds = Bounds(float(min(0.0, 2 * middle.min())), float(max(0.0, 2 * middle.max())))
    lower, middle, upper = conformal_band(middle, _errors(task, typical), bounds)
    info = FitInfo(round(task.days_of_history, 2))
    return as_forecast(task, NAME, (lower, middle, upper), info)


def _own_level(task: Task, profile: Floats) -> float:
    """Meter's own mean over the profile's mean in the same slots; 1 before it has a day of readings."""
    is_known = np.isfinite(task.usable_wh)
    n = len(is_known)
    typical = profile[task.calendar.weekday[:n], task.calendar.slot[:n]][is_known]
    if task.days_of_history < OWN_LEVEL_DAYS or typical.sum() <= 0:
        return 1.0
    return max(0.0, float(task.usable_wh[is_known].sum() / typical.sum()))


def _errors(task: Task, typical: Floats) -> Floats:
    """(n_days, h) Wh, reading minus profile on the days there are."""
    n_days = int(task.days_of_history)
    errors = np.full((n_days, task.horizon_slots), np.nan)
    for row in range(n_days):
        first = task.first_target - (row + 1) * task.history.slots_per_day
        if first > 0:
            errors[row] = actual_wh(task, row + 1) - typical[first : first + task.horizon_slots]
    return errors
