"""People with an account."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import NormalizedEmailField
from accounts.models.entity import Entity, Kind
from common.constraints import CompositeForeignKey, TriggerConstraint, TriggerEffect


class ApprovalStatus(models.TextChoices):
    """The only gate of an account."""

    PENDING = "pending", _("waiting")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("refused")


class StaffRole(models.TextChoices):
    """What somebody may do for the distributor; empty for its customers."""

    NONE = "", _("none (a customer)")
    STAFF = "staff", _("staff, reads")
    AUDITOR = "auditor", _("auditor, reads everything")
    ADMIN = "admin", _("distributor admin")


class Theme(models.TextChoices):
    """Colors of the pages."""

    SYSTEM = "", _("as my device says")
    LIGHT = "light", _("light")
    DARK = "dark", _("dark")


class UserQuerySet(models.QuerySet["User"]):
    """People by who may see them."""

    def visible_to(self, user: "User") -> "UserQuerySet":
        """The distributor's people for its staff, everybody for a platform operator, else oneself."""
        if not user.is_approved:
            return self.none()
        if user.is_superuser:
            return self
        if user.staff_role:
            return self.filter(tenant_id=user.tenant_id, is_superuser=False)
        return self.filter(pk=user.pk)

    def managed_by(self, user: "User") -> "UserQuerySet":
        """Whose account the user may change in the admin."""
        return self.visible_to(user) if user.may_manage else self.none()


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]  # made at run time
    """Creates people; passwords are hashed here and nowhere else."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A new user, saved; without `password` one who can only come in by a reset mail."""
        user: User = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A platform operator: approved, of no distributor."""
        fields |= {"is_superuser": True, "approval_status": ApprovalStatus.APPROVED}
        return self.create_user(email, password, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        user: User = self.get(email=username)
        return user


class User(Entity, AbstractBaseUser, PermissionsMixin):
    """One person's account: one e-mail address, one distributor.

    The person changes name and theme; `approval_status` changes only by `accounts.services.set_approval`,
    `staff_role` by a distributor admin.
    """

    entity = models.OneToOneField(Entity, models.CASCADE, parent_link=True, primary_key=True, related_name="as_user")
    fixed_kind = models.GeneratedField(
        expression=Value(Kind.USER.value), output_field=models.CharField(max_length=12), db_persist=True
    )
    email = NormalizedEmailField(
        _("e-mail address"),
        max_length=254,
        unique=True,
        error_messages={"unique": _("This address has an account already.")},
    )
    first_name = models.CharField(_("first name"), max_length=50, blank=True)
    last_name = models.CharField(_("last name"), max_length=50, blank=True)
    approval_status = models.CharField(
        _("approval"), max_length=10, choices=ApprovalStatus, default=ApprovalStatus.PENDING
    )
    staff_role = models.CharField(
        _("role at the distributor"), max_length=10, choices=StaffRole, default=StaffRole.NONE, blank=True
    )
    theme = models.CharField(_("colors"), max_length=5, choices=Theme, default=Theme.SYSTEM, blank=True)
    language = models.CharField(
        _("language"),
        max_length=8,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Of pages and mails. Empty: as the browser says."),
    )
    quiet_from = models.TimeField(_("no messages from"), null=True, blank=True)
    quiet_until = models.TimeField(_("until"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    # Set once, when the account is closed for good and its owner's name and address are gone.
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="user_quiet_hours_whole",
                violation_error_message=_("Give both ends of the quiet hours, or none."),
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(is_active=False),
                name="user_closed_stays_closed",
                violation_error_message=_("This account was closed for good."),
            ),
            CompositeForeignKey(
                name="user_entity_kind",
                fields=["entity", "fixed_kind"],
                to="accounts.Entity",
                to_fields=["id", "kind"],
            ),
            models.CheckConstraint(condition=Q(approval_status__in=ApprovalStatus.values), name="user_approval_known"),
            models.CheckConstraint(condition=Q(staff_role__in=StaffRole.values), name="user_staff_role_known"),
            TriggerConstraint(
                name="user_has_distributor",
                refuse=(
                    "NEW.is_superuser = 0 AND EXISTS (SELECT 1 FROM accounts_entity e "
                    "WHERE e.id = NEW.entity_id AND e.tenant_id IS NULL)"
                ),
                violation_error_message=_("Choose the distributor this account belongs to."),
            ),
            # The other side of membership_not_for_staff; the table belongs to organizations.
            TriggerConstraint(
                name="user_staff_is_no_member",
                on=("UPDATE",),
                lock="accounts_entity WHERE id = NEW.entity_id",
                refuse=(
                    "NEW.staff_role <> '' AND NEW.staff_role <> OLD.staff_role AND EXISTS "
                    "(SELECT 1 FROM organizations_membership m WHERE m.user_id = NEW.entity_id)"
                ),
                violation_error_message=_("Members of an organization cannot work for the distributor."),
            ),
            # A raw DELETE of the user would leave its entity behind; Django's own takes it along by itself.
            TriggerEffect(
                name="user_takes_entity_along",
                on="DELETE",
                body="DELETE FROM accounts_entity WHERE id = OLD.entity_id",
            ),
        ]

    def __str__(self) -> str:
        return str(self.email)

    def get_full_name(self) -> str:
        """First and last name, or the e-mail address while there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        """What a greeting uses."""
        return self.first_name or self.email

    @property
    def audit_name(self) -> str:
        """How the history of changes names the person: by nothing that closing the account must erase."""
        return f"person {self.pk}"

    @property
    def distributor_id(self) -> int:
        """The id of the person's distributor; 0, which none has, for a platform operator without one."""
        return self.tenant_id or 0

    @property
    def is_approved(self) -> bool:
        """Whether the account may be used at all."""
        return self.is_active and self.approval_status == ApprovalStatus.APPROVED

    @property
    def may_manage(self) -> bool:
        """Whether the person runs the distributor, or the whole installation."""
        return self.is_approved and (self.is_superuser or self.staff_role == StaffRole.ADMIN)

    @property
    def is_staff(self) -> bool:
        """Whether the Django admin opens: approved distributor admins, auditors, staff, platform operators."""
        return self.is_approved and (self.is_superuser or self.staff_role != StaffRole.NONE)
