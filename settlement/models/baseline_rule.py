"""Baseline rules of a distributor's own, besides the presets."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from organizations.access import Role, role_of
from organizations.models import Distributor


class RuleQuerySet(models.QuerySet["BaselineRule"]):
    """Own rules by who may see them."""

    def visible_to(self, user: User) -> "RuleQuerySet":
        """The distributor's for its people: customers read the rule in the terms that use it."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(distributor_id=user.distributor_id) if role.is_staff else self.none()

    def managed_by(self, user: User) -> "RuleQuerySet":
        """Those that a distributor admin may change."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


_USED = (
    "EXISTS (SELECT 1 FROM events_programversion v JOIN events_program p ON p.id = v.program_id "
    "WHERE p.distributor_id = OLD.distributor_id AND v.rule_sha256 = OLD.sha256 AND v.published_at IS NOT NULL)"
)


class BaselineRule(models.Model):
    """A baseline rule that a distributor made; its admins change it until published terms use it, then nobody.

    `data` is the whole rule (`baselines.rule_data`), `sha256` the hash of its canonical text.
    """

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="baseline_rules")
    name = models.CharField(
        _("name"),
        max_length=40,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", _("Small letters, digits and single hyphens."))],
    )
    description = models.TextField(_("in plain words"), max_length=2000)
    data = models.JSONField(_("rule"), default=dict)
    sha256 = models.CharField(_("fingerprint"), max_length=64)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    objects = RuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("baseline rule")
        verbose_name_plural = _("baseline rules")
        ordering = ["distributor", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["distributor", "name"],
                name="baseline_rule_once",
                violation_error_message=_("There is a rule of this name already."),
            ),
            TriggerConstraint(
                name="baseline_rule_frozen",
                on=("UPDATE", "DELETE"),
                refuse=_USED,
                violation_error_message=_("Published terms use this rule, so it stays as it is; make another one."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.distributor_id, None
