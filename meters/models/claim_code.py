"""The codes with which residents claim their meter."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint, UniqueColumns
from meters.models.meter import Meter
from organizations.access import Role, role_of


class ClaimCodeQuerySet(models.QuerySet["ClaimCode"]):
    """Claim codes by who may see them."""

    def visible_to(self, user: User) -> "ClaimCodeQuerySet":
        """The distributor's for its people; nobody else reads that there is one."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(meter__distributor_id=user.distributor_id) if role.is_staff else self.none()

    def managed_by(self, user: User) -> "ClaimCodeQuerySet":
        """What the user may withdraw."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()

    def open(self) -> "ClaimCodeQuerySet":
        """Those that were neither used nor withdrawn; they may have expired."""
        return self.filter(used_at__isnull=True, withdrawn_at__isnull=True)


_OPEN = Q(used_at__isnull=True, withdrawn_at__isnull=True)


class ClaimCode(models.Model):
    """One code on one bill. Whoever enters it with the meter's number has lived there since `valid_from`.

    Written by `meters.services` only. The code itself is stored nowhere: `digest` is a keyed hash of it.
    """

    meter = models.ForeignKey(Meter, models.CASCADE, related_name="claim_codes", verbose_name=_("meter"))
    digest = models.CharField(max_length=64, editable=False)
    valid_from = models.DateTimeField(_("for who moves in on"))
    issued_at = models.DateTimeField(_("issued"), default=timezone.now, editable=False)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("issued by")
    )
    expires_at = models.DateTimeField(_("good until"))
    used_at = models.DateTimeField(_("used"), null=True)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("used by")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    open_meter = models.GeneratedField(
        expression=Case(When(_OPEN, then=F("meter"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )

    objects = ClaimCodeQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "-id"]
        constraints = [
            UniqueColumns(
                fields=["open_meter"],
                name="claim_code_one_open_per_meter",
                violation_error_message=_("This meter has an open claim code. Withdraw it first."),
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("issued_at")),
                name="claim_code_expires_after_issue",
                violation_error_message=_("A claim code expires after it was issued."),
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="claim_code_used_or_withdrawn",
                violation_error_message=_("A claim code is either used or withdrawn."),
            ),
            models.CheckConstraint(
                condition=Q(used_by__isnull=True) | Q(used_at__isnull=False),
                name="claim_code_used_by_somebody_sometime",
                violation_error_message=_("A claim code that somebody used has the moment of it."),
            ),
            TriggerConstraint(
                name="claim_code_used_once",
                on=("UPDATE",),
                refuse=(
                    "NEW.meter_id <> OLD.meter_id OR NEW.digest <> OLD.digest OR NEW.valid_from <> OLD.valid_from OR "
                    "(OLD.used_at IS NOT NULL AND (NEW.used_at IS NULL OR NEW.used_at <> OLD.used_at)) OR "
                    "(OLD.withdrawn_at IS NOT NULL AND (NEW.withdrawn_at IS NULL OR NEW.used_at IS NOT NULL))"
                ),
                violation_error_message=_("A claim code stays as it was issued, and is used once."),
            ),
            TriggerConstraint(
                name="claim_code_same_distributor",
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity e JOIN meters_meter m ON m.id = NEW.meter_id "
                    "WHERE e.id IN (NEW.issued_by_id, NEW.used_by_id) AND e.tenant_id <> m.distributor_id)"
                ),
                violation_error_message=_("This person and the meter belong to different distributors."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter}, {timezone.localtime(self.issued_at, self.meter.zone):%Y-%m-%d}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.meter.distributor_id, None

    def is_good(self, at: datetime) -> bool:
        """Whether it can be used at a moment."""
        return self.used_at is None and self.withdrawn_at is None and at < self.expires_at
