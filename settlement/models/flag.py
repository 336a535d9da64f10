"""What looks odd in a settlement and is looked at by a person; no flag refuses a payment."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from organizations.access import Role, role_of
from settlement.models.run import SettlementLine, SettlementRun


class FlagKind(models.TextChoices):
    """What looks odd."""

    WINDOW_LOAD = "window_load", _("unusual use before the event")
    OLD_POOL = "old_pool", _("comparable days are old")
    HIGH_POOL = "high_pool", _("comparable days are high")
    TWO_PROGRAMS = "two_programs", _("in two programs at once")
    RECORD = "record", _("delivered more than ever")


class FlagState(models.TextChoices):
    """What became of it."""

    OPEN = "open", _("open")
    CLEARED = "cleared", _("cleared")
    CONFIRMED = "confirmed", _("confirmed")


class FlagQuerySet(models.QuerySet["IntegrityFlag"]):
    """Flags by who may see them."""

    def visible_to(self, user: User) -> "FlagQuerySet":
        """The distributor's for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        mine = self.filter(line__run__event__program__distributor_id=user.distributor_id)
        return mine if role.is_staff else self.none()

    def managed_by(self, user: User) -> "FlagQuerySet":
        """What the user may decide."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class IntegrityFlag(models.Model):
    """One thing that looks odd in a line, with its numbers, and what a person decided about it.

    Found by `services.flags` after each estimate and each final run; the line itself is never changed by it.
    `numbers` are what the sentence is made of (`flag_words`).
    """

    line = models.ForeignKey(SettlementLine, models.CASCADE, related_name="flags")
    kind = models.CharField(_("what"), max_length=12, choices=FlagKind)
    numbers = models.JSONField(default=dict)
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    state = models.CharField(_("state"), max_length=9, choices=FlagState, default=FlagState.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        verbose_name = _("integrity flag")
        verbose_name_plural = _("integrity flags")
        ordering = ["-found_at", "-id"]
        indexes = [models.Index(fields=["state", "kind"], name="flag_state_kind")]
        constraints = [
            models.UniqueConstraint(fields=["line", "kind"], name="flag_once"),
            models.CheckConstraint(condition=Q(kind__in=FlagKind.values), name="flag_kind_known"),
            models.CheckConstraint(condition=Q(state__in=FlagState.values), name="flag_state_known"),
            models.CheckConstraint(
                condition=Q(state=FlagState.OPEN) | (~Q(note="") & Q(decided_at__isnull=False)),
                name="flag_decided_with_note",
                violation_error_message=_("A decision needs a note."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line.meter.number}: {self.get_kind_display()}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.line.run.event.program.distributor_id, None


class FlagCheck(models.Model):
    """That a sealed run was looked at for flags: which runs have not been is found by its absence."""

    run = models.OneToOneField(SettlementRun, models.CASCADE, related_name="flag_check")
    checked_at = models.DateTimeField(default=timezone.now)
    found = models.PositiveIntegerField(default=0)
