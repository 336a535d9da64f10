"""Which rows of this room have a change history."""

from auditlog.registry import auditlog

from organizations.models import (
    Distributor,
    DistributorLogo,
    GroupMember,
    Invitation,
    Membership,
    Organization,
    OrganizationGroup,
    OrganizationRequest,
)

auditlog.register(Distributor)
auditlog.register(DistributorLogo, exclude_fields=["content"])
auditlog.register(Organization)
auditlog.register(OrganizationGroup)
auditlog.register(GroupMember)
auditlog.register(Membership)
auditlog.register(
    OrganizationRequest,
    exclude_fields=["waiting_person"],
    mask_fields=["message"],
    mask_callable="accounts.audit.hidden",
)
auditlog.register(
    Invitation,
    exclude_fields=["digest", "unused_email"],
    mask_fields=["email", "first_name", "last_name"],
    mask_callable="accounts.audit.hidden",
)
