"""What can go wrong between the bridge and the feeder."""

from simulator.errors import SimulatorError


class SourceError(SimulatorError):
    """The feeder gave nothing that can be used; its text says why in one sentence."""


class SourceAway(SourceError):
    """Nothing answers, or not in time; the same call may succeed later."""


class SourceNonsense(SourceError):
    """What was answered cannot be true, so none of it is used."""


class SourceRefused(SourceError):
    """The device understood and will not do it."""


class SourceMissing(SourceError):
    """What is needed to talk to the hardware is not installed here; trying again does not help."""
