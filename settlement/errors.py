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


class SeasonFull(SettlementError):
    """What other events have paid by now leaves less of the season's cap than a run pays."""


class NotApproved(SettlementError):
    """A second person has not agreed, or it is the same person."""


class NotPosted(SettlementError):
    """Only what is posted is opened again."""


class NotOpen(SettlementError):
    """What is posted is opened again before it is worked out anew; what is neither opened nor refused stays."""


class ReasonMissing(SettlementError):
    """A decision needs a reason, of a length that fits."""


class BadAdjustment(SettlementError):
    """The adjustment cannot be asked for, or decided, as it stands."""


class BadDispute(SettlementError):
    """What is said cannot be, or the figure cannot be questioned."""


class TooLate(SettlementError):
    """The days to object are over."""


class TooOften(SettlementError):
    """Somebody said more in disputes than an hour allows."""


class DisputeDecided(SettlementError):
    """The dispute is over."""


class MonthOpen(SettlementError):
    """The month is not over, or not all of its events are settled."""


class UnreadableSheet(SettlementError):
    """The utility's sheet cannot be read, or there is nothing to compare it with."""


class NothingToAudit(SettlementError):
    """The program has no ordinary days, meters or rules with which an audit could begin."""


class TooManyReports(SettlementError):
    """As many placebo reports of the distributor are under way as may be."""


class FlagDecided(SettlementError):
    """The flag is decided already, or the decision lacks its note."""


class NoEvidence(SettlementError):
    """There is nothing to check an amount by."""


class EstimateAfterFinal(SettlementError):
    """An estimate of an event that is settled."""


class StillArriving(SettlementError):
    """Readings kept changing while they were settled."""
