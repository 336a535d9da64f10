"""What forecasting refuses."""

from common.errors import PortalError


class ForecastError(PortalError):
    """Base of the refusals of this room."""


class NothingToForecast(ForecastError):
    """The distributor has no meter with readings before the moment of issue."""


class IssuedInFuture(ForecastError):
    """A forecast cannot be issued later than now: nobody knows yet what will be known then."""


class NoSuchEngine(ForecastError):
    """No engine has this name."""


class NoCorrelation(ForecastError):
    """A meter's readings do not suffice for an autocorrelation; the message says what is missing."""
