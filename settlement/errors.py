"""What settlement refuses."""

from common.errors import PortalError


class SettlementError(PortalError):
    """Base of the refusals of this room."""


class RuleChanged(SettlementError):
    """The baseline rule no longer is the one that the program's version froze."""


class NotSettleable(SettlementError):
    """The rule cannot be laid out for this event."""


class EstimateNotPosted(SettlementError):
    """An estimate never becomes money."""


class StaleRun(SettlementError):
    """A newer run of the event replaces this one."""
