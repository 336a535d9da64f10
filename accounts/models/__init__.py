"""The id space, the people in it, their tokens, and the history of changes."""

from accounts.models.audit import AuditEntry
from accounts.models.entity import Entity, Kind
from accounts.models.export import ExportState, PersonalExport
from accounts.models.token import ApiToken, Scope
from accounts.models.user import ApprovalStatus, StaffRole, Theme, User

__all__ = [
    "ApiToken",
    "ApprovalStatus",
    "AuditEntry",
    "Entity",
    "ExportState",
    "Kind",
    "PersonalExport",
    "Scope",
    "StaffRole",
    "Theme",
    "User",
]
