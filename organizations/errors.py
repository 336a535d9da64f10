"""What organizations refuses."""

from common.errors import PortalError


class OrganizationError(PortalError):
    """Base of the refusals of this room."""


class LastAdmin(OrganizationError):
    """The organization would be left without an admin."""


class AmbiguousDistributor(OrganizationError):
    """A command could mean several distributors, or none exists."""
