"""What a person is here: the one place that turns account and membership into a role."""

from enum import Enum

from django.contrib.auth.models import AnonymousUser

from accounts.models import StaffRole, User


class Role(Enum):
    """Who somebody is, from the outside in."""

    ANONYMOUS = "anonymous"
    PENDING = "pending"
    RESIDENT = "resident"
    ORGANIZATION_MEMBER = "organization member"
    ORGANIZATION_ADMIN = "organization admin"
    DISTRIBUTOR_STAFF = "distributor staff"
    AUDITOR = "auditor"
    DISTRIBUTOR_ADMIN = "distributor admin"
    PLATFORM = "platform operator"

    @property
    def is_staff(self) -> bool:
        """Whether the role reads everything of one distributor."""
        return self in (Role.DISTRIBUTOR_STAFF, Role.AUDITOR, Role.DISTRIBUTOR_ADMIN)

    @property
    def is_member(self) -> bool:
        """Whether the role belongs to an organization."""
        return self in (Role.ORGANIZATION_MEMBER, Role.ORGANIZATION_ADMIN)


_STAFF = {
    StaffRole.STAFF: Role.DISTRIBUTOR_STAFF,
    StaffRole.AUDITOR: Role.AUDITOR,
    StaffRole.ADMIN: Role.DISTRIBUTOR_ADMIN,
}


def role_of(user: User | AnonymousUser) -> Role:
    """The user's role now; whoever is not approved is PENDING, whatever else the account says."""
    if not isinstance(user, User):
        return Role.ANONYMOUS
    if not user.is_approved:
        return Role.PENDING
    if user.is_superuser:
        return Role.PLATFORM
    if user.staff_role:
        return _STAFF[StaffRole(user.staff_role)]
    return _member_role(user)


def _member_role(user: User) -> Role:
    membership = getattr(user, "membership", None)
    if membership is None:
        return Role.RESIDENT
    return Role.ORGANIZATION_ADMIN if membership.role == "admin" else Role.ORGANIZATION_MEMBER


def organization_id_of(user: User) -> int | None:
    """The id of the user's organization, or None for who has none."""
    membership = getattr(user, "membership", None)
    return membership.organization_id if membership is not None else None


def holder_id_of(user: User) -> int:
    """The entity whose meters the user sees: the organization for members, the user itself else."""
    return organization_id_of(user) or user.pk
