"""Which meters take part, and with how much."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, User
from common.constraints import AppendOnly, CompositeForeignKey, TriggerConstraint, UniqueColumns
from events.models.program import Program
from events.models.version import ProgramVersion
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

    def taking_part(self) -> "EnrollmentQuerySet":
        """Those whose meters events ask, as long as they last."""
        return self.filter(state=EnrollmentState.ACTIVE)


class EnrollmentState(models.TextChoices):
    """How far an enrollment is. It is over once `ended_at` has come, whatever its state."""

    APPLIED = "applied", _("asked for")
    ELIGIBLE = "eligible", _("data suffice")
    ACTIVE = "active", _("takes part")
    PAUSED = "paused", _("paused")
    REFUSED = "refused", _("refused")


# States in which a meter is taken, as far as exclusive programs go.
_TAKEN = (EnrollmentState.ACTIVE.value, EnrollmentState.PAUSED.value)


class Enrollment(models.Model):
    """One meter in one program, until it ends.

    `enrolled_at` is when it became active (when it was asked for, before that). `is_exclusive` is the program's, copied
    by a receiver and tied to it by a composite key. `gate` is what the data gate found, `reason` why it was refused,
    paused or ended.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="enrollments")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="enrollments")
    state = models.CharField(_("state"), max_length=8, choices=EnrollmentState, default=EnrollmentState.ACTIVE)
    is_exclusive = models.BooleanField(default=False, editable=False)
    applied_at = models.DateTimeField(_("asked for"), null=True, blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    enrolled_at = models.DateTimeField(_("since"), default=timezone.now)
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    gate = models.JSONField(default=dict, blank=True)
    exclusive_meter = models.GeneratedField(
        expression=Case(When(is_exclusive=True, ended_at__isnull=True, state__in=_TAKEN, then=F("meter"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )

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
            models.CheckConstraint(condition=Q(state__in=EnrollmentState.values), name="enrollment_state_known"),
            CompositeForeignKey(
                name="enrollment_exclusive_as_program",
                fields=["program", "is_exclusive"],
                to="events.Program",
                to_fields=["id", "is_exclusive"],
            ),
            UniqueColumns(
                fields=["exclusive_meter"],
                name="enrollment_one_exclusive_program",
                violation_error_message=_("This meter is in another exclusive program."),
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

    def copy_exclusive(self) -> None:
        """Says whether the program is exclusive, so that the database can count it."""
        self.is_exclusive = bool(self.program_id) and self.program.is_exclusive

    def clean(self) -> None:
        """Fills `is_exclusive`, so that a form can be told what the constraints say of it."""
        self.copy_exclusive()


class Consent(models.Model):
    """Somebody's agreement to the terms of one version for one enrollment; never changed."""

    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="consents")
    version = models.ForeignKey(ProgramVersion, models.PROTECT, related_name="consents")
    holder = models.ForeignKey(Entity, models.PROTECT, null=True, related_name="+")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    given_at = models.DateTimeField(_("agreed"), default=timezone.now)
    terms_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["enrollment", "given_at", "id"]
        constraints = [
            TriggerConstraint(
                name="consent_version_of_program",
                on=("INSERT",),
                refuse=(
                    "(SELECT e.program_id FROM events_enrollment e WHERE e.id = NEW.enrollment_id) <> "
                    "(SELECT v.program_id FROM events_programversion v WHERE v.id = NEW.version_id)"
                ),
                violation_error_message=_("The terms are those of another program."),
            ),
            TriggerConstraint(
                name="consent_holder_within_distributor",
                on=("INSERT",),
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity h JOIN events_enrollment e ON e.id = NEW.enrollment_id "
                    "JOIN events_program p ON p.id = e.program_id WHERE h.id = NEW.holder_id "
                    "AND COALESCE(h.tenant_id, h.id) <> p.distributor_id)"
                ),
                violation_error_message=_("Enrollment and holder belong to different distributors."),
            ),
            AppendOnly(name="consent_append_only"),
        ]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.enrollment.program.distributor_id, None


class Nomination(models.Model):
    """The kW that an enrolled meter promises from `valid_from` on, and where the figure came from.

    Never changed: a new figure is a new row, so that a settlement can show which one it used. `is_first` is one that
    was given at joining: what an earlier stint promised counts no more from then on (`events.nominations`).
    """

    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="nominations")
    kw = models.DecimalField(_("kW"), max_digits=10, decimal_places=3, validators=[MinValueValidator(0)])
    valid_from = models.DateTimeField(_("from"), default=timezone.now)
    source = models.CharField(_("source"), max_length=80)
    is_first = models.BooleanField(_("given at joining"), default=False, editable=False)

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
