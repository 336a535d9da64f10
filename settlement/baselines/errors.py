"""What can be wrong with a request for a baseline or a reward."""


class BaselineError(Exception):
    """Base of everything the baseline and reward engine raises."""


class UnknownPreset(BaselineError):
    """A preset's name is not in the registry."""


class InvalidPreset(BaselineError):
    """A rule contradicts itself or is not fully stated."""


class InvalidEvent(BaselineError):
    """An event cannot be matched to meter intervals."""


class InvalidHistory(BaselineError):
    """A meter's history is not whole watt-hours at aware times."""


class InvalidTerms(BaselineError):
    """A price, a nomination or a duration that cannot be paid on."""


class HistoryNotLoaded(BaselineError):
    """The walk came to a day that the caller has not fetched; fetch more days and ask again."""
