"""Placebo reports: what a program's rules would pay on days without an event."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from events.models import Program
from organizations.access import Role, role_of


class ReportState(models.TextChoices):
    """How far a report is."""

    WAITING = "waiting", _("waits")
    WORKING = "working", _("being computed")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class ReportQuerySet(models.QuerySet["PlaceboReport"]):
    """Reports by who may see them."""

    def visible_to(self, user: User) -> "ReportQuerySet":
        """The distributor's for its people: they hold figures of every meter."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(program__distributor_id=user.distributor_id) if role.is_staff else self.none()

    def managed_by(self, user: User) -> "ReportQuerySet":
        """What the user may order anew."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class PlaceboReport(models.Model):
    """One audit of a program's ordinary days from `first_day` to `last_day`; never changed once it is done.

    `presets` and `hours` (local, whole) are what was asked for. `result` is `services.placebo.result_data`,
    `inputs_sha256` the hash of readings, days and rules that went in. `touched_at` is the worker's sign of life,
    `attempts` how many workers began it.
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="placebo_reports")
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    hours = models.JSONField(_("hours"), default=list)
    presets = models.JSONField(_("rules"), default=list)
    state = models.CharField(_("state"), max_length=7, choices=ReportState, default=ReportState.WAITING)
    percent = models.PositiveSmallIntegerField(_("percent done"), default=0)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    inputs_sha256 = models.CharField(max_length=64, blank=True)
    result = models.JSONField(_("result"), default=dict, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("asked for"), default=timezone.now)
    touched_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("placebo report")
        verbose_name_plural = _("placebo reports")
        ordering = ["program", "-created_at", "-id"]
        indexes = [models.Index(fields=["state", "touched_at"], name="placebo_state_touched")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ReportState.values), name="placebo_state_known"),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")),
                name="placebo_days_in_order",
                violation_error_message=_("The last day is not before the first."),
            ),
            models.CheckConstraint(condition=Q(percent__lte=100), name="placebo_percent"),
            TriggerConstraint(
                name="placebo_done_unchanged",
                on=("UPDATE",),
                refuse="OLD.state = 'done'",
                violation_error_message=_("A finished report is never changed."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.program} {self.first_day} – {self.last_day}"

    @property
    def is_moving(self) -> bool:
        """Whether somebody works on it or will."""
        return self.state in (ReportState.WAITING, ReportState.WORKING)

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.program.distributor_id, None
