"""What happens to organizations and their people."""

from organizations.services.brand import clear_logo, set_logo
from organizations.services.groups import create_group, delete_group, rename_group, set_group_members
from organizations.services.invitations import (
    Guest,
    Outcome,
    accept_invitation,
    forget_invitations,
    invite,
    invite_many,
    open_invitation,
    resend_invitation,
    sign_up_invited,
    withdraw_invitation,
)
from organizations.services.lookup import distributor_named
from organizations.services.members import (
    announce_request,
    approve_member,
    demote_member,
    end_memberships,
    keep_admin_besides,
    leave_organization,
    promote_member,
    reject_member,
    remove_member,
    reopen_member,
)
from organizations.services.requests import (
    announce_organization_request,
    approve_request,
    close_wishes,
    refuse_request,
    request_organization,
    withdraw_wish,
)

__all__ = [
    "Guest",
    "Outcome",
    "accept_invitation",
    "announce_organization_request",
    "announce_request",
    "approve_member",
    "approve_request",
    "clear_logo",
    "close_wishes",
    "create_group",
    "delete_group",
    "demote_member",
    "distributor_named",
    "end_memberships",
    "forget_invitations",
    "invite",
    "invite_many",
    "keep_admin_besides",
    "leave_organization",
    "open_invitation",
    "promote_member",
    "refuse_request",
    "reject_member",
    "remove_member",
    "rename_group",
    "reopen_member",
    "request_organization",
    "resend_invitation",
    "set_group_members",
    "set_logo",
    "sign_up_invited",
    "withdraw_invitation",
    "withdraw_wish",
]
