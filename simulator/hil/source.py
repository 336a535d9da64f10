"""What the bridge asks of a feeder, whatever stands behind it."""

import math
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class FeederState:
    """What a feeder said at one instant.

    Attributes:
        at: seconds since 1970, the middle of the request.
        volts: phase to neutral, L1 to L3.
        hertz: frequency.
        watts: active power drawn from the grid.
        vars: reactive power.
        energy_wh: its counter.
        counter: which counter that is; another number means that it began anew.
        setpoint_watts: what it was asked to shed.
        shed_watts: what it sheds.
        rating_watts: the most it can draw; infinite where it does not say.
        watchdog_seconds: silence after which it releases a shed; infinite where it does not say.
        is_released: its watchdog ended a shed by itself.
    """

    at: float
    volts: tuple[float, float, float]
    hertz: float
    watts: float
    vars: float
    energy_wh: int
    counter: int
    setpoint_watts: float
    shed_watts: float
    rating_watts: float = math.inf
    watchdog_seconds: float = math.inf
    is_released: bool = False


class FeederSource(Protocol):
    """A feeder that can be read and asked to shed."""

    def read(self) -> FeederState:
        """What it says now.

        Raises:
            SourceAway: no answer in time.
            SourceNonsense: an answer that cannot be true.
        """

    def write_shed(self, watts: float) -> None:
        """Asks it to shed so much; 0 releases. Written again and again, it also keeps the watchdog quiet.

        Raises:
            SourceAway: no answer in time; it may have taken it or not.
            SourceRefused: it will not.
        """

    def close(self) -> None:
        """Lets go of it; a later call opens it anew."""
