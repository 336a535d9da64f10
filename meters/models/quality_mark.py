"""What has to be looked at again."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from common.fields import SecondField
from organizations.models import Distributor


class QualityMark(models.Model):
    """Meters over [start, end) whose readings changed; written with the change, gone when they were looked at.

    One row for a whole batch of readings, whatever its size: ingest pays for one small insert.
    """

    distributor = models.ForeignKey(Distributor, models.CASCADE, db_constraint=False, related_name="+")
    meter_ids = models.JSONField()
    start = SecondField()
    end = SecondField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="qualitymark_ends_after_start")]
