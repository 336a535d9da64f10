"""Requests to create an organization."""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint, UniqueColumns
from organizations.access import Role, role_of
from organizations.models.profiles import Distributor, Organization


class RequestState(models.TextChoices):
    """What became of a request."""

    PENDING = "pending", _("waiting")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")


class OrganizationRequestQuerySet(models.QuerySet["OrganizationRequest"]):
    """Requests by who may see them."""

    def visible_to(self, user: User) -> "OrganizationRequestQuerySet":
        """Those to the distributor for its people; none for customers."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(distributor_id=user.distributor_id) if role.is_staff else self.none()

    def managed_by(self, user: User) -> "OrganizationRequestQuerySet":
        """What the user may decide on."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()

    def to_decide(self) -> "OrganizationRequestQuerySet":
        """Those that wait and whose person proved the address, the longest wait first."""
        waiting = self.filter(state=RequestState.PENDING, person__emailaddress__verified=True)
        return waiting.distinct().order_by("asked_at", "pk")


class OrganizationRequest(models.Model):
    """One person's wish to register an organization. Written by sign-up and by `organizations.services`."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="organization_requests", verbose_name=_("person")
    )
    distributor = models.ForeignKey(
        Distributor, models.CASCADE, related_name="organization_requests", verbose_name=_("distributor")
    )
    name = models.CharField(_("name"), max_length=50)
    message = models.TextField(_("message"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=RequestState, default=RequestState.PENDING)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    reason = models.TextField(_("reason"), max_length=500, blank=True)
    organization = models.ForeignKey(
        Organization, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    # The person while the request waits, NULL afterwards, which unique keys ignore.
    waiting_person = models.GeneratedField(
        expression=Case(When(state=RequestState.PENDING, then=F("person"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )

    objects = OrganizationRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="request_state_known"),
            models.CheckConstraint(
                condition=Q(state=RequestState.PENDING) | Q(decided_at__isnull=False),
                name="request_end_has_time",
                violation_error_message=_("A decision has its time."),
            ),
            UniqueColumns(
                fields=["waiting_person"],
                name="request_one_at_a_time",
                violation_error_message=_("This person has a request that waits already."),
            ),
            TriggerConstraint(
                name="request_same_distributor",
                refuse=(
                    "COALESCE((SELECT e.tenant_id FROM accounts_entity e WHERE e.id = NEW.person_id), 0) "
                    "<> NEW.distributor_id"
                ),
                violation_error_message=_("The person belongs to another distributor."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_scope(self) -> tuple[int, int | None]:
        """The distributor, and the organization once there is one."""
        return self.distributor_id, self.organization_id

    def get_additional_data(self) -> dict[str, int]:
        """Whom the change history's entry is about."""
        return {"person": self.person_id}
