"""What organizations refuses."""

from common.errors import PortalError


class OrganizationError(PortalError):
    """Base of the refusals of this room."""


class LastAdmin(OrganizationError):
    """The organization would be left without an admin."""


class NoLongerMember(OrganizationError):
    """The membership was ended meanwhile."""


class NotApproved(OrganizationError):
    """Somebody who is not let in was to be made an admin."""


class AmbiguousDistributor(OrganizationError):
    """A command could mean several distributors, or none exists."""
