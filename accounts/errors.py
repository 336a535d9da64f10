"""What accounts refuses."""

from common.errors import PortalError


class AccountError(PortalError):
    """Base of the refusals of this room."""


class UnknownScope(AccountError):
    """A token was asked for with a scope that does not exist."""
