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
        indexes = [models.Index(fields=["at"], name="power_sample_by_time")]
        constraints = [models.UniqueConstraint(fields=["resource", "at"], name="power_sample_once")]

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

    def __str__(self) -> str:
        return f"{self.resource_id} {self.at}"
