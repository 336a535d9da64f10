"""Distributors and organizations (profiles of entities), their brand, groups, memberships, requests, invitations."""

from organizations.models.brand import DistributorLogo
from organizations.models.group import GroupMember, OrganizationGroup
from organizations.models.invitation import Invitation, InvitationState
from organizations.models.membership import Membership, MembershipRole
from organizations.models.profiles import Distributor, Organization
from organizations.models.request import OrganizationRequest, RequestState

__all__ = [
    "Distributor",
    "DistributorLogo",
    "GroupMember",
    "Invitation",
    "InvitationState",
    "Membership",
    "MembershipRole",
    "Organization",
    "OrganizationGroup",
    "OrganizationRequest",
    "RequestState",
]
