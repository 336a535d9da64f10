"""The id space, the people in it, and their tokens."""

from accounts.models.entity import Entity, Kind
from accounts.models.token import ApiToken, Scope
from accounts.models.user import ApprovalStatus, StaffRole, Theme, User

__all__ = ["ApiToken", "ApprovalStatus", "Entity", "Kind", "Scope", "StaffRole", "Theme", "User"]
