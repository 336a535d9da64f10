"""Who belongs to which organization."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from organizations.access import Role, organization_id_of, role_of
from organizations.models.profiles import Organization


class MembershipRole(models.TextChoices):
    """What a member may do in the organization."""

    MEMBER = "member", _("member")
    ADMIN = "admin", _("admin")


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships by who may see them."""

    def visible_to(self, user: User) -> "MembershipQuerySet":
        """Those of the distributor for its people, of the own organization for its admins, else one's own."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(organization__distributor_id=user.distributor_id)
        if role is Role.ORGANIZATION_ADMIN:
            return self.filter(organization_id=organization_id_of(user) or 0)
        return self.filter(user_id=user.pk) if role is Role.ORGANIZATION_MEMBER else self.none()

    def managed_by(self, user: User) -> "MembershipQuerySet":
        """What the user may decide on."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN, Role.ORGANIZATION_ADMIN)
        return self.visible_to(user) if may else self.none()


class Membership(models.Model):
    """One user in one organization. Written by sign-up and by `organizations.services`."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="membership")
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=MembershipRole, default=MembershipRole.MEMBER)
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    # The last answer of an admin, and why, where it was a refusal.
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    refusal_reason = models.TextField(_("reason of the refusal"), max_length=500, blank=True, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=MembershipRole.values), name="membership_role_known"),
            TriggerConstraint(
                name="membership_same_distributor",
                refuse=(
                    "COALESCE((SELECT e.tenant_id FROM accounts_entity e WHERE e.id = NEW.user_id), 0) <> "
                    "(SELECT o.distributor_id FROM organizations_organization o "
                    "WHERE o.entity_id = NEW.organization_id)"
                ),
                violation_error_message=_("The organization belongs to another distributor."),
            ),
            TriggerConstraint(
                name="membership_not_for_staff",
                refuse="EXISTS (SELECT 1 FROM accounts_user u WHERE u.entity_id = NEW.user_id AND u.staff_role <> '')",
                violation_error_message=_("Somebody who works for the distributor cannot join an organization."),
            ),
            # Rule "disallow org user map", from this side; the table belongs to meters.
            TriggerConstraint(
                name="membership_not_for_resident_with_meter",
                lock="accounts_entity WHERE id = NEW.user_id",
                refuse=(
                    "EXISTS (SELECT 1 FROM meters_metermap m WHERE m.entity_id = NEW.user_id AND m.valid_to IS NULL)"
                ),
                violation_error_message=_("This person has a meter of their own. End that first."),
            ),
            # Rule "org prime admin", exactly: the first is an admin, whoever joins later starts as a member.
            # So of two first members at once one is refused, even where no transaction holds the receiver's lock.
            TriggerConstraint(
                name="membership_first_is_admin",
                on=("INSERT",),
                lock="accounts_entity WHERE id = NEW.organization_id",
                refuse=(
                    "(NEW.role = 'admin') = EXISTS (SELECT 1 FROM organizations_membership o "
                    "WHERE o.organization_id = NEW.organization_id)"
                ),
                violation_error_message=_(
                    "An organization’s first member is its admin; later ones start as members and are promoted."
                ),
            ),
            # A membership that moved could make a first member who is no admin; leaving and joining cannot.
            TriggerConstraint(
                name="membership_stays",
                on=("UPDATE",),
                refuse="NEW.organization_id <> OLD.organization_id OR NEW.user_id <> OLD.user_id",
                violation_error_message=_("A membership stays with its person and organization. Remove it instead."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"

    @property
    def is_admin(self) -> bool:
        """Whether the member runs the organization."""
        return self.role == MembershipRole.ADMIN

    @property
    def audit_name(self) -> str:
        """How the history names it: by the person's id."""
        return f"person {self.user_id} in {self.organization}"

    @property
    def audit_scope(self) -> tuple[int, int]:
        """Distributor and organization whose history it belongs to."""
        return self.organization.distributor_id, self.organization_id

    def get_additional_data(self) -> dict[str, int]:
        """Whom the change history's entry is about."""
        return {"person": self.user_id}
