"""What events refuses."""

from django.utils.translation import gettext as _

from common.errors import PortalError


class EventError(PortalError):
    """Base of the refusals of this room."""


class UnknownRule(EventError):
    """No baseline rule has this name."""


class BadTerms(EventError):
    """Prices that cannot be stored as they are."""


class UnknownProgram(EventError):
    """The distributor has no program of this name."""


class NoTerms(EventError):
    """The program has no version yet, so nothing says what an event pays."""


class NotNominated(EventError):
    """A meter would take part without any figure of what it promises."""


class BadSpan(EventError):
    """Start and end make no event."""


class NotOnIntervals(BadSpan):
    """Start or end lies inside an interval of a meter that takes part."""


class NotOverYet(BadSpan):
    """The event has not ended."""


class EventExists(EventError):
    """The program has an event at this time already."""


class NobodyEnrolled(EventError):
    """No meter takes part in the program."""


class WrongState(EventError):
    """The event is in a state in which this cannot be done."""


class NothingToMeasure(WrongState):
    """The event began a moment ago, so there is nothing yet to measure or pay."""


class AlreadyAnnounced(WrongState):
    """People were told of the event, so it cannot vanish."""


class UnknownTarget(EventError):
    """The distributor has no such group, feeder or organization."""

    @classmethod
    def of(cls, value: str) -> "UnknownTarget":
        """The refusal of one target."""
        return cls(_("There is no “%(target)s” that an event could ask.") % {"target": value[:40]})


class BadArea(UnknownTarget):
    """A circle or a polygon that cannot be on the map."""


class LimitReached(EventError):
    """The terms of the program do not allow the event."""


class TooLittleNotice(LimitReached):
    """People would be told later than the terms promise."""


class BudgetSpent(LimitReached):
    """The event may cost more than is left."""


class MetersTaken(EventError):
    """Meters take part in another event at the same time."""


class GroupTooSmall(EventError):
    """Too few homes would be held out for a rule that pays by them."""


class NeedsSecond(EventError):
    """A second person must agree first."""


class BadReason(EventError):
    """A reason is missing, or too long."""


class TooLate(EventError):
    """The event has begun, so nobody joins or skips it any more."""


class BadWish(EventError):
    """A standing wish that cannot be kept."""


class BadNote(EventError):
    """Nothing, or too much, for one line of the log."""


class AlreadyIn(EventError):
    """The meter is in the program, or in another one beside which it cannot be in this."""


class ProgramClosed(EventError):
    """The program is closed: it takes nobody in and calls no events."""


class TermsChanged(EventError):
    """What somebody agreed to is not what is in force."""


class WrongEnrollment(EventError):
    """The enrollment is in a state in which this cannot be done."""
