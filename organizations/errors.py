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


class NothingToUndo(OrganizationError):
    """The answer cannot be taken back."""


class AmbiguousDistributor(OrganizationError):
    """A command could mean several distributors, or none exists."""


class RequestDecided(OrganizationError):
    """The request was answered or withdrawn meanwhile."""


class NameTaken(OrganizationError):
    """The distributor has an organization, or a group, of that name."""


class NothingToWithdraw(OrganizationError):
    """The person waits for nothing that they asked for."""


class InvitationGone(OrganizationError):
    """The invitation does not exist, or was used or withdrawn, or its time is over."""


class CannotInvite(OrganizationError):
    """The address belongs to the organization already, or too many were invited today."""


class CannotJoin(OrganizationError):
    """The person who opened the invitation may not accept it."""


class AccountExists(CannotJoin):
    """The address has an account, so none can be opened with the invitation."""


class GroupInUse(OrganizationError):
    """Something refers to the group."""
