"""Which meters take part, and with how much."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import AppendOnly, TriggerConstraint
from events.models.program import Program
from meters.models import Meter
from organizations.access import Role, role_of


class EnrollmentQuerySet(models.QuerySet["Enrollment"]):
    """Enrollments by who may see them, and by moment."""

    def visible_to(self, user: User) -> "EnrollmentQuerySet":
        """The distributor's for its people; else those of one's own meters now."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(program__distributor_id=user.distributor_id)
        return self.filter(meter__in=Meter.objects.visible_to(user).held_now_by(user))

    def active(self) -> "EnrollmentQuerySet":
        """Those that have not ended."""
        return self.filter(ended_at__isnull=True)


class Enrollment(models.Model):
    """One meter in one program, until it ends."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="enrollments")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="enrollments")
    enrolled_at = models.DateTimeField(_("since"), default=timezone.now)
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = EnrollmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "meter"],
                name="enrollment_once",
                violation_error_message=_("This meter is in the program already."),
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("enrolled_at")),
                name="enrollment_ends_after_start",
            ),
            TriggerConstraint(
                name="enrollment_same_distributor",
                refuse=(
                    "(SELECT p.distributor_id FROM events_program p WHERE p.id = NEW.program_id) <> "
                    "(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id)"
                ),
                violation_error_message=_("Program and meter belong to different distributors."),
            ),
        ]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.program.distributor_id, None

    def __str__(self) -> str:
        return f"{self.meter} in {self.program}"


class Nomination(models.Model):
    """The kW that an enrolled meter promises from `valid_from` on, and where the figure came from.

    Never changed: a new figure is a new row, so that a settlement can show which one it used.
    """

    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="nominations")
    kw = models.DecimalField(_("kW"), max_digits=10, decimal_places=3, validators=[MinValueValidator(0)])
    valid_from = models.DateTimeField(_("from"), default=timezone.now)
    source = models.CharField(_("source"), max_length=80)

    class Meta:
        ordering = ["enrollment", "valid_from", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(kw__gte=0), name="nomination_not_negative"),
            AppendOnly(name="nomination_unchanged", on=("UPDATE",)),
        ]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.enrollment.program.distributor_id, None
