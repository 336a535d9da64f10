"""What accounts refuses."""

from common.errors import PortalError


class AccountError(PortalError):
    """Base of the refusals of this room."""


class UnknownScope(AccountError):
    """A token was asked for with a scope that does not exist."""


class MayNotActAs(AccountError):
    """An admin asked to act as somebody they may not act as, or without a reason."""


class SecretUnreadable(AccountError):
    """The secret of a second factor was encrypted with a key that is not among the ones in force."""


class ExportRefused(AccountError):
    """A copy of the own data was asked for too soon after the last one."""


class LastOperator(AccountError):
    """Nobody would be left to run the distributor, or the installation."""


class AlreadyClosed(AccountError):
    """The account was closed for good before."""


class UnusableFile(AccountError):
    """A list cannot be imported: it is not the file it should be."""


class OwnRole(AccountError):
    """Somebody wanted to change the role of their own account, or of an account that cannot have one."""
