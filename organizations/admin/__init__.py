"""Distributors, organizations, groups, memberships, requests and invitations in the admin."""

from organizations import attention  # noqa: F401  # says what needs somebody
from organizations.admin.people import MembershipAdmin, PersonAdmin
from organizations.admin.profiles import DistributorAdmin, OrganizationAdmin, OrganizationGroupAdmin
from organizations.admin.requests import InvitationAdmin, OrganizationRequestAdmin

__all__ = [
    "DistributorAdmin",
    "InvitationAdmin",
    "MembershipAdmin",
    "OrganizationAdmin",
    "OrganizationGroupAdmin",
    "OrganizationRequestAdmin",
    "PersonAdmin",
]
