"""Named errors of the forecasting engines; each sentence can be shown to an operator as it is."""


class EngineError(Exception):
    """Base of everything an engine raises on purpose."""


class HistoryInvalid(EngineError):
    """The readings cannot be a history: wrong shape, naive time, odd slot length, unknown zone, infinity."""


class UnknownEngine(EngineError):
    """No engine has this name."""


class TooLittleHistory(EngineError):
    """No rung of the ladder had enough readings; the sentence says what was missing for each."""


class FitRefused(EngineError):
    """One engine will not answer for this meter (unstable, constant, too gappy); the ladder goes on."""


class SeriesDoesNotVary(EngineError):
    """All readings are equal, so they correlate with nothing."""


class NothingToScore(EngineError):
    """No slot has a reading, a forecast and a naive forecast at once."""
