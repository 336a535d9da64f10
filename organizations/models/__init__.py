"""Distributors and organizations (profiles of entities), groups, memberships."""

from organizations.models.group import GroupMember, OrganizationGroup
from organizations.models.membership import Membership, MembershipRole
from organizations.models.profiles import Distributor, Organization

__all__ = [
    "Distributor",
    "GroupMember",
    "Membership",
    "MembershipRole",
    "Organization",
    "OrganizationGroup",
]
