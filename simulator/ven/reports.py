"""What a VEN can report, and what of it the VTN asked for."""

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """What a point's numbers are: Wh of each interval, W or V at a moment, or the state of a device."""

    ENERGY = "energy"
    POWER = "power"
    VOLTAGE = "voltage"
    STATUS = "status"


class DataQuality(StrEnum):
    """How sure a value is, in OpenADR's words; empty where nothing is said."""

    UNSAID = ""
    GOOD = "Quality Good - Non Specific"
    UNCERTAIN = "Quality Uncertain - Non Specific"


@dataclass(frozen=True)
class Point:
    """One series (rID) of a resource. The points of one quantity make one report, named like the quantity.

    Attributes:
        seconds: the length of an energy interval; otherwise the shortest time between two values.
        max_seconds: the longest time between two values; as `seconds` where it is 0.
    """

    r_id: str
    resource: str
    quantity: Quantity
    seconds: int
    max_seconds: int = 0

    @property
    def specifier_id(self) -> str:
        return str(self.quantity)


@dataclass(frozen=True)
class Status:
    """The state of a device."""

    is_online: bool = True
    is_overridden: bool = False


@dataclass(frozen=True)
class Value:
    """What one point said: energy of [start, start + seconds), or something at the moment `start` (seconds 0)."""

    r_id: str
    start: int
    seconds: int
    value: float | Status
    quality: DataQuality = DataQuality.UNSAID


@dataclass(frozen=True)
class Request:
    """One request of the VTN for points of a report; `until` in seconds since 1970, None without an end."""

    request_id: str
    specifier_id: str
    r_ids: tuple[str, ...]
    granularity: int
    report_back: int
    until: int | None = None

    @property
    def is_once(self) -> bool:
        """Whether one report is all that is wanted."""
        return self.granularity == 0 and self.report_back == 0
