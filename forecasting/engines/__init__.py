"""Forecasting engines: pure functions on arrays, without Django, clock or random state."""

from forecasting.engines.autocorrelation import Autocorrelation, autocorrelation
from forecasting.engines.errors import (
    EngineError,
    FitRefused,
    HistoryInvalid,
    NothingToScore,
    SeriesDoesNotVary,
    TooLittleHistory,
    UnknownEngine,
)
from forecasting.engines.history import FitInfo, Forecast, History, Task
from forecasting.engines.ladder import RUNGS, forecast, forecast_each
from forecasting.engines.scores import Score, score

__all__ = [
    "RUNGS",
    "Autocorrelation",
    "EngineError",
    "FitInfo",
    "FitRefused",
    "Forecast",
    "History",
    "HistoryInvalid",
    "NothingToScore",
    "Score",
    "SeriesDoesNotVary",
    "Task",
    "TooLittleHistory",
    "UnknownEngine",
    "autocorrelation",
    "forecast",
    "forecast_each",
    "score",
]
