"""What is offered: programs, and the versions in which their rule and prices are frozen."""

import zoneinfo

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import AppendOnly, TriggerConstraint
from organizations.access import Role, role_of
from organizations.models import Distributor
from organizations.models.profiles import validate_zone


class ProgramQuerySet(models.QuerySet["Program"]):
    """Programs by who may see them."""

    def visible_to(self, user: User) -> "ProgramQuerySet":
        """The distributor's programs, for everyone of the distributor: what is offered is no secret."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        return self.filter(distributor_id=user.distributor_id)

    def managed_by(self, user: User) -> "ProgramQuerySet":
        """What the user may change."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class Program(models.Model):
    """One program of a distributor. Its terms stand in its versions; the newest is the one in force."""

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="programs", verbose_name=_("distributor"))
    name = models.CharField(_("name"), max_length=80)
    description = models.TextField(_("in plain words"), blank=True)
    zone_name = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_zone],
        help_text=_("Empty: the distributor’s."),
    )
    is_open = models.BooleanField(_("takes part in events"), default=True)

    objects = ProgramQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["distributor", "name"],
                name="program_name_in_distributor",
                violation_error_message=_("There is a program of this name already."),
            ),
            TriggerConstraint(
                name="program_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message=_("A program stays with its distributor."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone whose local days the rule counts."""
        return zoneinfo.ZoneInfo(self.zone_name or self.distributor.timezone)

    @property
    def current(self) -> "ProgramVersion":
        """The version in force."""
        return self.versions.order_by("-number")[:1].get()


class ProgramVersion(models.Model):
    """Rule and prices of a program from one moment on; never changed, an event keeps the one it was made under.

    Prices are in the distributor's currency: `rate_per_kw` pays the participant for each kW delivered on
    average, `wholesale_cost_per_kw` is what the distributor saves. `holidays` are local dates (ISO texts)
    that count as no business day, besides those of `holiday_calendar` (a country of the holidays package).
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    preset = models.CharField(_("baseline rule"), max_length=40)
    rule_sha256 = models.CharField(max_length=64)
    rate_per_kw = models.DecimalField(
        _("price per kW"), max_digits=12, decimal_places=4, validators=[MinValueValidator(0)]
    )
    wholesale_cost_per_kw = models.DecimalField(
        _("wholesale cost per kW"),
        max_digits=12,
        decimal_places=4,
        default=0,
        validators=[MinValueValidator(0)],
    )
    holiday_calendar = models.CharField(_("holidays of"), max_length=10, blank=True)
    holidays = models.JSONField(_("further holidays"), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["program", "number"]
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="program_version_once"),
            models.UniqueConstraint(fields=["id", "program"], name="program_version_id_program"),
            models.CheckConstraint(
                condition=Q(rate_per_kw__gte=0, wholesale_cost_per_kw__gte=0),
                name="program_version_prices_not_negative",
            ),
            AppendOnly(name="program_version_append_only"),
        ]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.program.distributor_id, None

    def __str__(self) -> str:
        return f"{self.program} v{self.number}"
