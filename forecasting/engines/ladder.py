"""The ladder: the best engine a meter's history allows, and why a better one was not used."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from forecasting.engines import autoreg, day_means, like_meters
from forecasting.engines.errors import FitRefused, HistoryInvalid, TooLittleHistory, UnknownEngine
from forecasting.engines.history import Floats, Forecast, History, Task


@dataclass(frozen=True)
class Rung:
    """One engine for one meter, and the days of readings it needs."""

    name: str
    min_days: int
    run: Callable[[Task], Forecast]


# Best first. The batch engine will stand above them as a sibling that takes whole (n_meters, n_slots)
# histories and hands the meters it refuses to `forecast`.
RUNGS = (
    Rung(autoreg.NAME, autoreg.MIN_DAYS, autoreg.forecast_autoreg),
    Rung(day_means.SIMILAR_DAYS, day_means.SIMILAR_DAYS_MIN, day_means.forecast_similar_days),
    Rung(day_means.MEAN_PROFILE, day_means.MEAN_PROFILE_MIN, day_means.forecast_mean_profile),
)


def forecast(
    history: History,
    issued_at: datetime,
    horizon_slots: int,
    engine: str = autoreg.NAME,
    *,
    like_profile: Floats | None = None,
) -> Forecast:
    """Forecast of one meter from the highest rung, at or below `engine`, that its readings allow.

    Only slots that had ended by issued_at are used; the first forecast slot starts at or after it.

    Args:
        history: one meter, (n_slots,).
        issued_at: aware.
        horizon_slots: number of slots to forecast.
        engine: name of the rung to begin with.
        like_profile: (7, slots_per_day) Wh, typical week of like meters, for a meter without its own.

    Raises:
        UnknownEngine: no rung has this name.
        HistoryInvalid: the history is a batch, issued_at is naive or the horizon is empty.
        TooLittleHistory: no rung had enough; the sentence lists what each one missed.
    """
    if history.is_batch:
        raise HistoryInvalid("This forecasts one meter; use forecast_each for a batch.")
    rungs = _rungs_from(engine)
    task = Task.at(history, issued_at, horizon_slots, autoreg.MAX_DAYS)
    reasons: list[str] = []
    for rung in _with_like_meters(rungs, task, like_profile):
        try:
            return replace(_try(rung, task), fallback_reason="; ".join(reasons))
        except FitRefused as refusal:
            reasons.append(f"{rung.name}: {refusal}")
    raise TooLittleHistory(f"Too little history for a forecast ({'; '.join(reasons)}).")


def forecast_each(
    history: History, issued_at: datetime, horizon_slots: int, engine: str = autoreg.NAME
) -> tuple[Forecast | TooLittleHistory, ...]:
    """Forecast, or the refusal, of every meter of a batch in its order; one shared calendar."""
    if not history.is_batch:
        raise HistoryInvalid("This forecasts a batch; use forecast for one meter.")
    answers: list[Forecast | TooLittleHistory] = []
    for row in range(len(history.energy_wh)):
        try:
            answers.append(forecast(history.meter(row), issued_at, horizon_slots, engine))
        except TooLittleHistory as refusal:
            answers.append(refusal)
    return tuple(answers)


def _rungs_from(engine: str) -> tuple[Rung, ...]:
    """The named rung and those below it."""
    names = [rung.name for rung in RUNGS]
    if engine not in names:
        raise UnknownEngine(f"There is no engine {engine!r}; choose one of {', '.join(names)}.")
    return RUNGS[names.index(engine) :]


def _with_like_meters(rungs: tuple[Rung, ...], task: Task, profile: Floats | None) -> tuple[Rung, ...]:
    """The rungs; with a profile, like meters replace the mean of a week the meter does not have."""
    if profile is None:
        return rungs
    like = Rung(like_meters.NAME, 0, lambda asked: like_meters.forecast_like_meters(asked, profile))
    if task.days_of_history >= day_means.SIMILAR_DAYS_MIN:
        return (*rungs, like)
    return (*(rung for rung in rungs if rung.name != day_means.MEAN_PROFILE), like)


def _try(rung: Rung, task: Task) -> Forecast:
    """The rung's forecast.

    Raises:
        FitRefused: too few days of readings, or the engine's own reason.
    """
    if round(task.days_of_history) < rung.min_days:
        raise FitRefused(f"needs {rung.min_days} days of readings, there are {task.days_of_history:.1f}")
    return rung.run(task)
