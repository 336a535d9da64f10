"""What meters refuses."""

from typing import Any

from common.errors import PortalError


class MeterError(PortalError):
    """Base of the refusals of this room."""


class UnreadableFile(MeterError):
    """A file as a whole cannot be used: no text, no known format, no rows, or a line without end."""


class RowsRefused(MeterError):
    """Some rows cannot be used, and the caller wanted all or none; `report` says which."""

    def __init__(self, sentence: str, report: Any) -> None:
        super().__init__(sentence)
        self.report = report


class ReadingRefused(MeterError):
    """A person's correction of readings cannot be right, or has no reason."""


class MapRefused(MeterError):
    """A meter cannot be mapped to this holder in this time."""


class BadPrediction(MeterError):
    """A forecast is no forecast of meters that exist, or its bounds do not hold its value."""


class UnknownOrganization(MeterError):
    """A command names an organization that the distributor does not have."""


class ClaimRefused(MeterError):
    """A claim does not succeed. The sentence never tells whether the number exists."""


class TooManyClaims(ClaimRefused):
    """Too many tries in a short time."""


class HoldsAnother(ClaimRefused):
    """The resident holds another meter, which would end on `day` if they say so."""

    def __init__(self, sentence: str, meter: Any, day: Any) -> None:
        super().__init__(sentence)
        self.meter, self.day = meter, day


class MeterRefused(MeterError):
    """A meter cannot go out of service, or come back."""


class ArchiveRefused(MeterError):
    """A month cannot be archived, removed or restored as it is; the sentence says what to do."""


class NoSuchScope(MeterError):
    """There is no such organization, group, feeder or distributor whose sums the user may see."""


class ExclusionRefused(MeterError):
    """A time that does not count cannot be entered, ended or removed like this."""


class ImportRefused(MeterError):
    """A file is not taken as an import, or an import cannot go that way now."""


class TakenOver(MeterError):
    """Another process works on the import, as this one was taken for dead."""
