"""What looks wrong in readings that were stored."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from meters.models.import_batch import ImportBatch
from meters.models.meter import Meter
from organizations.access import Role, role_of
from organizations.models import Distributor


class QualityRule(models.TextChoices):
    """What was found."""

    GAP = "gap", _("readings are missing")
    DUPLICATE = "duplicate", _("the same interval twice")
    OVERLAP = "overlap", _("intervals overlap")
    NEGATIVE = "negative", _("negative")
    SPIKE = "spike", _("far above its usual values")
    STUCK = "stuck", _("the same value for hours")
    FUTURE = "future", _("of a time to come")
    DAY_LENGTH = "day_length", _("a day has too many or too few intervals")
    REGISTER = "register", _("the register went back")


class HitState(models.TextChoices):
    """What became of it."""

    OPEN = "open", _("open")
    ACCEPTED = "accepted", _("accepted")
    CORRECTED = "corrected", _("corrected")
    GONE = "gone", _("no longer so")


class QualityHitQuerySet(models.QuerySet["QualityHit"]):
    """Hits by who may see them."""

    def visible_to(self, user: User) -> "QualityHitQuerySet":
        """The distributor's for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(distributor_id=user.distributor_id) if role.is_staff else self.none()

    def managed_by(self, user: User) -> "QualityHitQuerySet":
        """What the user may decide."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class QualityHit(models.Model):
    """One rule that readings of one meter in [start, end) break, and what an operator decided about it.

    `value_wh` and `usual_wh` are the value that was found and what would be usual, where that says something.
    """

    distributor = models.ForeignKey(Distributor, models.CASCADE, related_name="quality_hits")
    meter = models.ForeignKey(Meter, models.CASCADE, related_name="quality_hits")
    batch = models.ForeignKey(ImportBatch, models.SET_NULL, null=True, related_name="quality_hits")
    rule = models.CharField(_("what"), max_length=10, choices=QualityRule)
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("until"))
    slots = models.PositiveIntegerField(_("intervals"), default=1)
    value_wh = models.BigIntegerField(null=True)
    usual_wh = models.BigIntegerField(null=True)
    found_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(_("state"), max_length=9, choices=HitState, default=HitState.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects = QualityHitQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["distributor", "state", "start"], name="hit_distributor_state")]
        constraints = [
            models.UniqueConstraint(fields=["meter", "rule", "start"], name="hit_once"),
            models.CheckConstraint(condition=Q(rule__in=QualityRule.values), name="hit_rule_known"),
            models.CheckConstraint(condition=Q(state__in=HitState.values), name="hit_state_known"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="hit_ends_after_start"),
            models.CheckConstraint(
                condition=~Q(state__in=(HitState.ACCEPTED, HitState.CORRECTED)) | ~Q(reason=""),
                name="hit_decided_with_reason",
            ),
            TriggerConstraint(
                name="hit_same_distributor",
                refuse=(
                    "NEW.distributor_id <> (SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id)"
                ),
                violation_error_message=_("The meter belongs to another distributor."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter.number}: {self.get_rule_display()}"
