"""What can go wrong, in sentences for whoever started the simulator."""


class SimulatorError(Exception):
    """The simulator cannot go on; its text says why in one sentence."""


class PortalAway(SimulatorError):
    """The portal cannot be reached or asks for patience; the same request may succeed later."""

    def __init__(self, reason: str, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class PortalRefused(SimulatorError):
    """The portal understood the request and will not take it; repeating it would not help."""


class NotAllowed(PortalRefused):
    """The token is good, but not for this."""


class TokenRefused(SimulatorError):
    """The portal does not accept the token."""
