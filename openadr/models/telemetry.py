"""What devices say between the intervals of meters."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from openadr.models.querysets import TenantQuerySet
from openadr.models.resource import Resource


class PowerSample(models.Model):
    """The power of a resource at a moment, W from the grid; for the live view, kept a few days."""

    tenant = "resource__ven__distributor"

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="samples", db_index=False)
    at = models.DateTimeField()
    power_w = models.IntegerField()

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("power reading")
        verbose_name_plural = _("power readings")
        indexes = [models.Index(fields=["at"], name="power_sample_by_time")]
        constraints = [models.UniqueConstraint(fields=["resource", "at"], name="power_sample_once")]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.at}"


class EnergyPart(models.Model):
    """Energy that the source of a meter's readings reports over less than an interval, in mWh from the grid.

    Kept until the interval is whole and some days longer, as late and repeated reports change it. What a clock that
    runs ahead reports before its end, a whole interval too, waits until `due_at`, and then for nothing any more.
    """

    tenant = "resource__ven__distributor"

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="energy_parts", db_index=False)
    at = models.DateTimeField(_("start"))
    seconds = models.PositiveIntegerField(_("seconds"))
    energy_mwh = models.BigIntegerField(_("energy, mWh"))
    is_estimated = models.BooleanField(_("estimated"), default=False)
    due_at = models.DateTimeField(_("waits until"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("part of an energy")
        verbose_name_plural = _("parts of energies")
        indexes = [
            models.Index(fields=["at"], name="energy_part_by_time"),
            models.Index(fields=["due_at"], name="energy_part_by_due"),
        ]
        constraints = [models.UniqueConstraint(fields=["resource", "at"], name="energy_part_once")]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.at}"


class DeviceStatus(models.Model):
    """What a resource said last of itself (TELEMETRY_STATUS), and its newest other values by quantity."""

    tenant = "resource__ven__distributor"

    resource = models.OneToOneField(Resource, models.CASCADE, primary_key=True, related_name="status")
    at = models.DateTimeField(_("said at"))
    is_online = models.BooleanField(_("online"), null=True)
    is_overridden = models.BooleanField(_("overridden by hand"), null=True)
    values = models.JSONField(default=dict)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("state of a device")
        verbose_name_plural = _("states of devices")

    def __str__(self) -> str:
        return f"{self.resource_id} {self.at}"
