"""What a VEN speaks for."""

from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.constraints import TriggerConstraint, UniqueColumns
from meters.models import Meter
from openadr.models.querysets import TenantQuerySet
from openadr.models.ven import Ven


class Resource(models.Model):
    """One thing behind a VEN (its resourceID), and the meter it is behind. Ended, not deleted.

    `is_source`: the energy it reports is the meter's reading; one resource of a meter at most. Others behind the same
    meter (a charger, a heat pump) only hear of events and report power and state. `is_never_source`: somebody said so;
    what is only not the first one may become it when that is gone.
    """

    tenant = "ven__distributor"

    ven = models.ForeignKey(Ven, models.CASCADE, related_name="resources")
    name = models.CharField(_("resourceID"), max_length=64)
    meter = models.ForeignKey(Meter, models.PROTECT, null=True, blank=True, related_name="resources")
    is_source = models.BooleanField(_("its reports are the meter’s readings"), default=False)
    # None where nobody said so before it was asked.
    is_never_source = models.BooleanField(_("its reports are never the readings"), null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)
    source_meter = models.GeneratedField(
        expression=Case(When(Q(is_source=True, ended_at__isnull=True), then=F("meter"))),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("resource")
        verbose_name_plural = _("resources")
        ordering = ["ven", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["ven", "name"],
                name="resource_name_in_ven",
                violation_error_message=_("The VEN has a resource of this name already."),
            ),
            UniqueColumns(
                fields=["source_meter"],
                name="resource_one_source_per_meter",
                violation_error_message=_("Another resource reports this meter’s readings already."),
            ),
            TriggerConstraint(
                name="resource_same_distributor",
                of=("ven_id", "meter_id"),
                refuse=(
                    "EXISTS (SELECT 1 FROM meters_meter m JOIN openadr_ven v ON v.id = NEW.ven_id "
                    "WHERE m.id = NEW.meter_id AND m.distributor_id <> v.distributor_id)"
                ),
                violation_error_message=_("VEN and meter belong to different distributors."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.ven.distributor_id, None
