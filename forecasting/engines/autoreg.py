"""The statsmodels engine: an autoregression with calendar terms, fitted to one meter at a time.

It is ARIMAX(p, 0, 0): no moving-average term. The forecast of a meter fitted in logs is a median; never add
such forecasts up to an organization, forecast the sum instead.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from common.late import Late
from forecasting.engines.day_means import DayTable, similar_days_wh
from forecasting.engines.errors import FitRefused
from forecasting.engines.gaps import fill_gaps
from forecasting.engines.guards import Bounds, historic_bounds, is_stable
from forecasting.engines.history import FitInfo, Floats, Forecast, Ints, Task, as_forecast
from forecasting.engines.intervals import conformal_band, held_out_errors
from forecasting.engines.local_calendar import calendar_terms

ar_model, sm_exceptions = Late("statsmodels.tsa.ar_model"), Late("statsmodels.tools.sm_exceptions")

NAME = "statsmodels"
MIN_DAYS = 21
MAX_DAYS = 90
CALIBRATION_DAYS = 14
FEWEST_FIT_DAYS = 14
LONG_DAYS = 35  # from here on a weekly lag and a fine daily shape do more good than harm
FINE_HARMONICS, COARSE_HARMONICS = 8, 4
HIGHEST_MISSING_SHARE = 0.5
HIGHEST_ZERO_SHARE = 0.1
LOG_OFFSET_SHARE = 0.05  # of the mean, so that a zero is a small reading and not minus infinity


@dataclass(frozen=True)
class Scale:
    """How Wh become what is fitted: log(wh + offset), or Wh as they are."""

    is_log: bool
    offset: float

    def forth(self, wh: Floats) -> Floats:
        """Fitted scale of Wh, same shape."""
        return np.log(wh + self.offset) if self.is_log else wh

    def back(self, values: Floats, bounds: Bounds) -> Floats:
        """Wh of fitted values, inside the bounds; clipped first, so that exp cannot overflow."""
        edges = self.forth(np.array([bounds.lowest, bounds.highest]))
        inside = np.clip(values, edges[0], edges[1])
        return bounds.clip(np.exp(inside) - self.offset if self.is_log else inside)


@dataclass(frozen=True)
class Fit:
    """Coefficients of one fitted autoregression."""

    lags: tuple[int, ...]
    constant: float
    coefficients: Floats
    calendar: Floats


@dataclass(frozen=True)
class Candidate:
    """One way to fit the meter: gapless series (n,) on its scale, and held-out errors (n_days, h) Wh."""

    scale: Scale
    filled: Floats
    errors: Floats


def forecast_autoreg(task: Task) -> Forecast:
    """Forecast of one meter: mean of statsmodels' AutoReg with calendar terms and of similar days.

    Fits without the last days choose between log and plain Wh and give the held-out errors behind the band;
    one more fit on everything gives the forecast.

    Raises:
        FitRefused: more than half of the readings are missing, they do not vary, or every fit is unstable.
    """
    _refuse_thin(task.usable_wh)
    bounds = historic_bounds(task.usable_wh, never_negative=task.never_negative)
    n_days = _calibration_days(_span_days(task))
    similar = _similar_days(task, n_days)
    best = _best_candidate(task, bounds, similar[1:])
    fit = _fitted(task, best.filled)
    middle = _averaged(best.scale.back(_run(task, fit, best.filled, np.array([0])), bounds), similar[:1])[0]
    info = FitInfo(
        days_of_history=round(task.days_of_history, 2),
        order=fit.lags,
        is_log=best.scale.is_log,
        n_parameters=1 + len(fit.lags) + len(fit.calendar),
        n_calibration_days=n_days,
    )
    return as_forecast(task, NAME, conformal_band(middle, best.errors, bounds), info)


def lags_for(slots_per_day: int, n_days: int) -> tuple[int, ...]:
    """Lags of the last three slots and of a day; with five weeks of history also two days and a week.

    >>> lags_for(24, 21), lags_for(24, 56)
    ((1, 2, 3, 23, 24, 25), (1, 2, 3, 23, 24, 25, 48, 167, 168, 169))
    """
    day, week = slots_per_day, 7 * slots_per_day
    near = {1, 2, 3, day - 1, day, day + 1} - {0}
    far = {2 * day, week - 1, week, week + 1} if n_days >= LONG_DAYS else set()
    return tuple(sorted(near | far))


def _refuse_thin(usable: Floats) -> None:
    """Refuse a series that is mostly gap or that does not vary."""
    finite = usable[np.isfinite(usable)]
    if finite.size < (1 - HIGHEST_MISSING_SHARE) * usable.size:
        raise FitRefused("more than half of the readings are missing")
    low, high = np.quantile(finite, [0.005, 0.995])
    if high - low <= 1e-9 * max(1.0, abs(high)):
        raise FitRefused("the readings do not vary")


def _scales(usable: Floats, bounds: Bounds, *, never_negative: bool) -> list[Scale]:
    """Plain Wh, and log as well for a meter that never feeds in and is rarely zero."""
    finite = bounds.clip(usable[np.isfinite(usable)])
    plain = Scale(is_log=False, offset=0.0)
    if not never_negative or float(np.mean(finite <= 0)) > HIGHEST_ZERO_SHARE:
        return [plain]
    return [plain, Scale(is_log=True, offset=LOG_OFFSET_SHARE * float(np.mean(finite)))]


def _calibration_days(n_days: int) -> int:
    """Days held out for the band: fourteen, or fewer while the fit needs them more."""
    return max(5, min(CALIBRATION_DAYS, n_days - FEWEST_FIT_DAYS))


def _span_days(task: Task) -> int:
    """Days from the first slot to the last usable reading, gaps included."""
    return len(task.usable_wh) // task.history.slots_per_day


def _terms(task: Task) -> Floats:
    """(n_all, k) calendar terms, coarser while the history is short."""
    n_daily = FINE_HARMONICS if _span_days(task) >= LONG_DAYS else COARSE_HARMONICS
    return calendar_terms(task.calendar, n_daily)


def _similar_days(task: Task, n_days: int) -> Floats:
    """(1 + n_days, h) Wh of similar days, as of now and 1 … n_days days earlier; NaN where none is."""
    table = DayTable(task)
    return np.stack([similar_days_wh(table, days_back) for days_back in range(n_days + 1)])


def _averaged(wh: Floats, similar: Floats) -> Floats:
    """Mean of two forecasts of the same shape, or the first where the second is NaN.

    Source: Bates and Granger 1969, combination of forecasts, with equal weights; on the meters of a real
    program the mean had 3 to 8 % less error than either part.
    """
    return np.where(np.isfinite(similar), (wh + similar) / 2, wh)


def _best_candidate(task: Task, bounds: Bounds, similar: Floats) -> Candidate:
    """The scale with the smaller mean error on the held-out days.

    Raises:
        FitRefused: no scale gave a stable fit.
    """
    candidates: list[Candidate] = []
    for scale in _scales(task.usable_wh, bounds, never_negative=task.never_negative):
        try:
            candidates.append(_candidate(task, scale, bounds, similar))
        except FitRefused as refusal:
            reason = refusal
    if not candidates:
        raise reason
    return min(candidates, key=lambda one: _mean_error(one.errors))


def _candidate(task: Task, scale: Scale, bounds: Bounds, similar: Floats) -> Candidate:
    """One scale with the errors of a fit that has not seen the last days.

    Raises:
        FitRefused: the fit is unstable.
    """
    n_days, slots_per_day = len(similar), task.history.slots_per_day
    filled = fill_gaps(scale.forth(bounds.clip(task.usable_wh)), task.calendar, slots_per_day)
    fit = _fitted(task, filled[: len(filled) - n_days * slots_per_day])
    wh = scale.back(_run(task, fit, filled, np.arange(1, n_days + 1)), bounds)
    predicted = _averaged(wh, similar)
    return Candidate(scale, filled, held_out_errors(task, n_days, lambda days_back: predicted[days_back - 1]))


def _mean_error(errors: Floats) -> float:
    """Mean absolute error over the finite ones; infinity without any."""
    finite = errors[np.isfinite(errors)]
    return float(np.mean(np.abs(finite))) if finite.size else float("inf")


def _fitted(task: Task, series: Floats) -> Fit:
    """AutoReg fitted to a gapless series (n,) on the fitted scale.

    Raises:
        FitRefused: the autoregression would not die out.
    """
    lags = lags_for(task.history.slots_per_day, _span_days(task))
    terms = _terms(task)[: len(series)]
    with warnings.catch_warnings():
        # A holiday only ahead of us is a column of zeros; the pseudo-inverse rightly gives it no weight.
        warnings.simplefilter("ignore", sm_exceptions.SingularMatrixWarning)
        parameters = np.asarray(ar_model.AutoReg(series, lags=list(lags), trend="c", exog=terms).fit().params)
    coefficients = parameters[1 : 1 + len(lags)]
    if not np.isfinite(parameters).all() or not is_stable(lags, coefficients):
        raise FitRefused("the fitted autoregression is unstable")
    return Fit(lags, float(parameters[0]), coefficients, parameters[1 + len(lags) :])


def _run(task: Task, fit: Fit, filled: Floats, days_back: Ints) -> Floats:
    """(len(days_back), h) forecasts on the fitted scale, each as if made so many days earlier.

    The recursion starts after the last reading known then and walks over the stretch nobody has read yet.
    """
    first = len(filled) - days_back * task.history.slots_per_day
    deepest = max(fit.lags)
    n_steps = task.n_all - len(filled)
    given = fit.constant + _terms(task) @ fit.calendar
    path = np.empty((len(days_back), deepest + n_steps))
    path[:, :deepest] = filled[first[:, None] + np.arange(-deepest, 0)]
    lags = np.array(fit.lags)
    for step in range(n_steps):
        position = deepest + step
        path[:, position] = given[first + step] + path[:, position - lags] @ fit.coefficients
    return path[:, -task.horizon_slots :]
