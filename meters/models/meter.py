"""Meters and the feeders they hang on."""

import zoneinfo
from datetime import datetime

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint, TriggerEffect
from organizations.access import Role, holder_id_of, role_of
from organizations.models import Distributor
from organizations.models.profiles import latitude_field, longitude_field, validate_zone


class FeederQuerySet(models.QuerySet["Feeder"]):
    """Feeders by who may see them."""

    def visible_to(self, user: User) -> "FeederQuerySet":
        """The distributor's for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(distributor_id=user.distributor_id) if role.is_staff else self.none()

    def managed_by(self, user: User) -> "FeederQuerySet":
        """What the user may change."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class Feeder(models.Model):
    """One feeder of a distributor's grid, kept by its admins."""

    distributor = models.ForeignKey(Distributor, models.CASCADE, related_name="feeders", verbose_name=_("distributor"))
    name = models.CharField(_("name"), max_length=50)

    objects = FeederQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["distributor", "name"],
                name="feeder_name_in_distributor",
                violation_error_message=_("There is a feeder of this name already."),
            ),
            TriggerConstraint(
                name="feeder_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message=_("A feeder stays with its distributor."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ReadingKind(models.TextChoices):
    """What the meter's values say."""

    INTERVAL = "interval", _("energy of each interval")
    REGISTER = "register", _("a register that counts up")


class MeterQuerySet(models.QuerySet["Meter"]):
    """Meters by who may see them now."""

    def visible_to(self, user: User) -> "MeterQuerySet":
        """All of the distributor for its people; else those that the person or the organization ever held by now.

        Of a meter held in the past only the readings of that time are visible: see
        `IntervalReading.objects.visible_to`.
        """
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(distributor_id=user.distributor_id)
        if role is Role.PENDING or role is Role.ANONYMOUS:
            return self.none()
        held = Meter.objects.filter(maps__entity_id=holder_id_of(user), maps__valid_from__lte=timezone.now())
        return self.filter(pk__in=held.values("pk"))

    def held_by(self, holder_id: int, at: datetime) -> "MeterQuerySet":
        """The meters that an entity holds at a moment."""
        still = Q(maps__valid_to__isnull=True) | Q(maps__valid_to__gt=at)
        held = Meter.objects.filter(still, maps__entity_id=holder_id, maps__valid_from__lte=at)
        return self.filter(pk__in=held.values("pk"))

    def held_now_by(self, user: User) -> "MeterQuerySet":
        """The meters that are the person's, or the organization's, at this moment."""
        return self.held_by(holder_id_of(user), timezone.now())

    def managed_by(self, user: User) -> "MeterQuerySet":
        """What the user may change."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class Meter(models.Model):
    """One usage point of a distributor. Made by import or in the admin; never deleted once it has readings.

    `number` is what the utility calls it and what files say; `contracted_kw` is the utility's list, which
    enrollment copies into a dated nomination; `exports` allows negative energy. `data_version` is raised by
    every change of readings or predictions and keys caches.
    """

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="meters", verbose_name=_("distributor"))
    number = models.CharField(_("number"), max_length=40)
    name = models.CharField(_("name"), max_length=80, blank=True)
    usage_kind = models.CharField(_("kind"), max_length=40, blank=True, help_text=_("home, school, shop, …"))
    feeder = models.ForeignKey(
        Feeder, models.PROTECT, null=True, blank=True, related_name="meters", verbose_name=_("feeder")
    )
    latitude = latitude_field()
    longitude = longitude_field()
    interval_minutes = models.PositiveSmallIntegerField(_("minutes per interval"), default=30)
    zone_name = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_zone],
        help_text=_("Empty: the distributor’s."),
    )
    contracted_kw = models.DecimalField(
        _("contracted kW"),
        max_digits=10,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    exports = models.BooleanField(_("feeds into the grid"), default=False, help_text=_("Allows negative readings."))
    reading_kind = models.CharField(_("what it sends"), max_length=8, choices=ReadingKind, default=ReadingKind.INTERVAL)
    register_limit_wh = models.BigIntegerField(
        _("register starts again at"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("In Wh: a dial of 8 digits that counts Wh starts again at 100000000. Empty: never."),
    )
    retired_at = models.DateTimeField(_("out of service since"), null=True, blank=True)
    data_version = models.PositiveBigIntegerField(default=0, editable=False)

    objects = MeterQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["distributor", "number"],
                name="meter_number_in_distributor",
                violation_error_message=_("There is a meter of this number already."),
            ),
            models.UniqueConstraint(fields=["id", "distributor"], name="meter_id_distributor"),
            # A day of every zone is a whole number of intervals, also when clocks change by an hour.
            models.CheckConstraint(
                condition=Q(interval_minutes__in=(1, 5, 10, 15, 30, 60)),
                name="meter_interval_known",
                violation_error_message=_("Intervals have 1, 5, 10, 15, 30 or 60 minutes."),
            ),
            models.CheckConstraint(
                condition=Q(contracted_kw__isnull=True) | Q(contracted_kw__gte=0),
                name="meter_contracted_not_negative",
                violation_error_message=_("The contracted power cannot be negative."),
            ),
            models.CheckConstraint(
                condition=Q(reading_kind__in=ReadingKind.values),
                name="meter_reading_kind_known",
                violation_error_message=_("The meter sends energies or a register."),
            ),
            models.CheckConstraint(
                condition=Q(register_limit_wh__isnull=True) | Q(register_limit_wh__gt=0),
                name="meter_register_limit_positive",
                violation_error_message=_("The register starts again at more than 0 Wh."),
            ),
            TriggerConstraint(
                name="meter_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id",
                violation_error_message=_("A meter stays with its distributor."),
            ),
            TriggerConstraint(
                name="meter_feeder_same_distributor",
                refuse=(
                    "NEW.feeder_id IS NOT NULL AND NEW.distributor_id <> "
                    "(SELECT f.distributor_id FROM meters_feeder f WHERE f.id = NEW.feeder_id)"
                ),
                violation_error_message=_("The feeder belongs to another distributor."),
            ),
            # Rule "assign distributor meters": a meter that comes back into service has kept its row.
            TriggerConstraint(
                name="meter_in_service_is_mapped",
                on=("UPDATE",),
                refuse=(
                    "NEW.retired_at IS NULL AND OLD.retired_at IS NOT NULL AND NOT EXISTS "
                    "(SELECT 1 FROM meters_metermap d WHERE d.meter_id = NEW.id "
                    "AND d.holder_kind = 'distributor' AND d.valid_to IS NULL)"
                ),
                violation_error_message=_("This meter has lost its distributor. Make a new one instead."),
            ),
            # Rule "assign distributor meters", on every write path.
            TriggerEffect(
                name="meter_mapped_to_distributor",
                on="INSERT",
                body=(
                    "INSERT INTO meters_metermap (entity_id, meter_id, holder_kind, valid_from) "
                    "VALUES (NEW.distributor_id, NEW.id, 'distributor', '1970-01-01 00:00:00')"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".strip()

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone whose wall clock the meter's days follow."""
        return zoneinfo.ZoneInfo(self.zone_name or self.distributor.timezone)

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.number
