"""Energy per interval, what was predicted for it, and what was corrected."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import AppendOnly
from common.fields import SecondField
from meters.models.meter import Meter
from meters.models.meter_map import MeterMap
from organizations.access import Role, holder_id_of, role_of


class Quality(models.IntegerChoices):
    """Where a value comes from; the numbers are ours, worse ones are higher."""

    MEASURED = 0, _("measured")
    CORRECTED = 1, _("corrected")
    ESTIMATED = 2, _("estimated")


class _DatedQuerySet(models.QuerySet):  # type: ignore[type-arg]  # not generic at run time
    """Rows of a meter and a start, visible to customers only while the meter was theirs."""

    def visible_to(self, user: User) -> "_DatedQuerySet":
        """All of the distributor for its people; else the intervals in which the meter was one's own."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(meter__distributor_id=user.tenant_id)
        if role in (Role.PENDING, Role.ANONYMOUS):
            return self.none()
        held = MeterMap.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=OuterRef("start")),
            entity_id=holder_id_of(user),
            meter=OuterRef("meter"),
            valid_from__lte=OuterRef("start"),
        )
        return self.filter(Exists(held))


class IntervalReading(models.Model):
    """The energy of one meter in one interval [start, start + the meter's interval), in Wh from the grid.

    Written only by `meters.services.ingest_readings`. `predicted_wh` is the prediction that was in force,
    issued at or before `start`; `saving_wh` follows from both in the database itself ("populate deltas").
    """

    pk = models.CompositePrimaryKey("meter", "start")
    # No constraint in the database: it would cost more than a tenth of the ingest (ingest locks the meter).
    meter = models.ForeignKey(Meter, models.PROTECT, db_constraint=False, db_index=False, related_name="readings")
    start = SecondField()
    # Four bytes: 2 GWh in one interval is more than any distributor's largest meter.
    energy_wh = models.IntegerField()
    predicted_wh = models.IntegerField(null=True, blank=True)
    quality = models.PositiveSmallIntegerField(default=Quality.MEASURED, choices=Quality)
    saving_wh = models.GeneratedField(
        expression=Greatest(Value(0), F("predicted_wh") - F("energy_wh")),
        output_field=models.BigIntegerField(null=True),
        # Computed when read: eight bytes less in each of a billion rows.
        db_persist=False,
    )

    objects = _DatedQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(quality__in=Quality.values), name="reading_quality_known")]

    @property
    def end(self) -> datetime:
        """The end of the interval."""
        return self.start + timedelta(minutes=self.meter.interval_minutes)


class Prediction(models.Model):
    """The prediction in force for one meter and interval. Written only by `meters.services.put_predictions`.

    Issued at or before the interval's start, always: what is known later never becomes a prediction.
    """

    pk = models.CompositePrimaryKey("meter", "start")
    meter = models.ForeignKey(Meter, models.PROTECT, db_constraint=False, db_index=False, related_name="predictions")
    start = SecondField()
    wh = models.IntegerField()
    lower_wh = models.IntegerField()
    upper_wh = models.IntegerField()
    issued_at = models.DateTimeField()
    forecast_number = models.PositiveBigIntegerField()

    objects = _DatedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(lower_wh__lte=F("wh"), wh__lte=F("upper_wh")), name="prediction_within_bounds"
            ),
            models.CheckConstraint(condition=Q(issued_at__lte=F("start")), name="prediction_issued_before"),
        ]


class ReadingRevision(models.Model):
    """What a reading said before it was corrected or taken away; never changed.

    `replaced_by_wh` is empty where the reading was taken away. `batch` is the import that did it, else
    `changed_by` the person, with a reason.
    """

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="revisions")
    start = models.DateTimeField()
    energy_wh = models.BigIntegerField()
    quality = models.PositiveSmallIntegerField(choices=Quality)
    replaced_by_wh = models.BigIntegerField(null=True)
    replaced_at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=80)
    batch = models.ForeignKey("meters.ImportBatch", models.PROTECT, null=True, related_name="revisions")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["meter", "start"], name="revision_meter_start")]
        constraints = [AppendOnly(name="reading_revision_append_only")]
