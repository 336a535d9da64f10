"""What the pages refuse."""

from common.errors import PortalError


class DashboardError(PortalError):
    """Base of the refusals of this room."""


class BadRange(DashboardError):
    """A page or chart was asked for dates that make no range."""
