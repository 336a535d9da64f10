"""Groups of organizations."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from organizations.access import Role, role_of
from organizations.models.profiles import Distributor, Organization


class GroupQuerySet(models.QuerySet["OrganizationGroup"]):
    """Groups by who may see them."""

    def visible_to(self, user: User) -> "GroupQuerySet":
        """The distributor's for its people; groups are no business of customers."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(distributor_id=user.distributor_id) if role.is_staff else self.none()

    def managed_by(self, user: User) -> "GroupQuerySet":
        """What the user may change."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class OrganizationGroup(models.Model):
    """One named set of a distributor's organizations, kept by its admins."""

    distributor = models.ForeignKey(Distributor, models.CASCADE, related_name="groups", verbose_name=_("distributor"))
    name = models.CharField(_("name"), max_length=50)
    organizations = models.ManyToManyField(
        Organization, through="GroupMember", related_name="groups", verbose_name=_("organizations")
    )

    objects = GroupQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["distributor", "name"],
                name="group_name_in_distributor",
                violation_error_message=_("There is a group of this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """One organization in one group; both of the same distributor."""

    group = models.ForeignKey(OrganizationGroup, models.CASCADE, related_name="members")
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="group_members")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "organization"], name="group_member_once"),
            TriggerConstraint(
                name="group_member_same_distributor",
                refuse=(
                    "(SELECT g.distributor_id FROM organizations_organizationgroup g WHERE g.id = NEW.group_id) <> "
                    "(SELECT o.distributor_id FROM organizations_organization o "
                    "WHERE o.entity_id = NEW.organization_id)"
                ),
                violation_error_message=_("The organization belongs to another distributor."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} in {self.group}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor's history alone: groups are no business of customers."""
        return self.group.distributor_id, None
