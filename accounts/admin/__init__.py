"""People, tokens and the history of changes in the admin."""

from accounts import attention  # noqa: F401  # says what needs somebody
from accounts.admin.history import AuditEntryAdmin
from accounts.admin.people import UserAdmin
from accounts.admin.tokens import ApiTokenAdmin

__all__ = ["ApiTokenAdmin", "AuditEntryAdmin", "UserAdmin"]
