"""Invitations into an organization."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import NormalizedEmailField
from accounts.models import User
from common.constraints import UniqueColumns
from organizations.access import Role, organization_id_of, role_of
from organizations.models.membership import MembershipRole
from organizations.models.profiles import Organization


class InvitationState(models.TextChoices):
    """Where an invitation stands; follows from its moments."""

    OPEN = "open", _("sent")
    EXPIRED = "expired", _("expired")
    ACCEPTED = "accepted", _("accepted")
    WITHDRAWN = "withdrawn", _("withdrawn")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations by who may see them."""

    def visible_to(self, user: User) -> "InvitationQuerySet":
        """Those of the distributor for its people, of the own organization for its admins."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(organization__distributor_id=user.distributor_id)
        if role is Role.ORGANIZATION_ADMIN:
            return self.filter(organization_id=organization_id_of(user) or 0)
        return self.none()

    def managed_by(self, user: User) -> "InvitationQuerySet":
        """What the user may send again or withdraw."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN, Role.ORGANIZATION_ADMIN)
        return self.visible_to(user) if may else self.none()

    def unused(self) -> "InvitationQuerySet":
        """Those that were neither accepted nor withdrawn; they may have expired."""
        return self.filter(accepted_at=None, withdrawn_at=None)


class Invitation(models.Model):
    """One address asked to join one organization. Written by `organizations.services` only.

    The link's token is stored as its SHA-256; whoever opens it has proved the address, as it went nowhere else.
    """

    LIFETIME: ClassVar[timedelta] = timedelta(days=14)

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="invitations")
    email = NormalizedEmailField(_("email"), max_length=254)
    first_name = models.CharField(_("first name"), max_length=50, blank=True)
    last_name = models.CharField(_("last name"), max_length=50, blank=True)
    role = models.CharField(_("role"), max_length=10, choices=MembershipRole, default=MembershipRole.MEMBER)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("invited"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("valid until"), editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)
    # The address while the invitation is unused, NULL afterwards, which unique keys ignore.
    unused_email = models.GeneratedField(
        expression=Case(When(Q(accepted_at__isnull=True, withdrawn_at__isnull=True), then=F("email"))),
        output_field=NormalizedEmailField(max_length=254, null=True),
        db_persist=True,
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=MembershipRole.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="invitation_ends_once",
                violation_error_message=_("An invitation is accepted or withdrawn, not both."),
            ),
            UniqueColumns(
                fields=["organization", "unused_email"],
                name="invitation_one_per_address",
                violation_error_message=_("This address is invited already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization}"

    @property
    def audit_name(self) -> str:
        """How the history names it: without the address."""
        return f"invitation {self.pk}"

    @property
    def audit_scope(self) -> tuple[int, int]:
        """Distributor and organization whose history it belongs to."""
        return self.organization.distributor_id, self.organization_id

    def get_additional_data(self) -> dict[str, int]:
        """Whom the change history's entry is about, once that is known."""
        return {"person": self.accepted_by_id} if self.accepted_by_id else {}

    @staticmethod
    def new_token() -> str:
        """A fresh token with 256 random bits."""
        return secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(token: str) -> str:
        """SHA-256 of a token, in hex."""
        return hashlib.sha256(token.encode(errors="replace")).hexdigest()

    def state_at(self, moment: datetime) -> InvitationState:
        """Where it stands at that moment."""
        if self.accepted_at:
            return InvitationState.ACCEPTED
        if self.withdrawn_at:
            return InvitationState.WITHDRAWN
        return InvitationState.OPEN if moment < self.expires_at else InvitationState.EXPIRED
