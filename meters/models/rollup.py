"""Sums of readings by hour and day, and the marks of what has to be summed again.

Nothing here is a source: `meters.services.rollups` makes all of it again from readings, maps and predictions.
"""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.fields import SecondField
from meters.models.meter import Meter
from organizations.models import Distributor


class ScopeKind(models.IntegerChoices):
    """Whose meters a sum is over; the row's `scope_id` is the id of one of these."""

    ORGANIZATION = 1, _("Organization")
    GROUP = 2, _("Group")
    FEEDER = 3, _("Feeder")
    DISTRIBUTOR = 4, _("Distributor")


class _Sums(models.Model):
    """Sums over the readings of some slots. What has no prediction counts in `energy_wh` and `slots` only.

    `compared_wh` is the energy of the slots that have a prediction, so that `predicted_wh − compared_wh` is the
    signed saving; `saving_wh` and `saving_slots` are of the slots below it.
    """

    energy_wh = models.BigIntegerField()
    slots = models.PositiveIntegerField()
    estimated_slots = models.PositiveIntegerField(default=0)
    predicted_slots = models.PositiveIntegerField(default=0)
    predicted_wh = models.BigIntegerField(default=0)
    compared_wh = models.BigIntegerField(default=0)
    saving_slots = models.PositiveIntegerField(default=0)
    saving_wh = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class HourlyEnergy(_Sums):
    """One meter in one hour of UTC, if it has a reading that starts in it."""

    pk = models.CompositePrimaryKey("meter", "start")
    meter = models.ForeignKey(Meter, models.PROTECT, db_constraint=False, db_index=False, related_name="hours")
    start = SecondField()


class DailyEnergy(_Sums):
    """One meter on one day of its own clock, with its highest slot."""

    pk = models.CompositePrimaryKey("meter", "day")
    meter = models.ForeignKey(Meter, models.PROTECT, db_constraint=False, db_index=False, related_name="days")
    day = models.DateField()
    peak_wh = models.BigIntegerField()
    peak_start = SecondField()


class ScopeHour(_Sums):
    """One organization, group, feeder or distributor in one hour of UTC: the sum over `meters` hourly rows.

    An organization has an hour of a meter only if it held the meter from its start to its end; a group counts a
    meter once, however many of its organizations hold it.
    """

    pk = models.CompositePrimaryKey("kind", "scope_id", "start")
    kind = models.PositiveSmallIntegerField(choices=ScopeKind)
    scope_id = models.BigIntegerField()
    start = SecondField()
    meters = models.PositiveIntegerField()


class ScopeState(models.Model):
    """One organization, group, feeder or distributor: `version` is raised with every change of its hours.

    The row of a distributor is locked by whoever refreshes its sums.
    """

    pk = models.CompositePrimaryKey("kind", "scope_id")
    kind = models.PositiveSmallIntegerField(choices=ScopeKind)
    scope_id = models.BigIntegerField()
    version = models.PositiveBigIntegerField(default=0)
    refreshed_at = models.DateTimeField(null=True)


class RollupMark(models.Model):
    """One meter over [start, end) whose sums are to be made again; written with what changed, gone when done."""

    distributor = models.ForeignKey(Distributor, models.CASCADE, db_constraint=False, related_name="+")
    meter = models.ForeignKey(Meter, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    start = SecondField()
    end = SecondField()
    marked_at = models.DateTimeField(default=timezone.now)


class ScopeMark(models.Model):
    """One organization, group or feeder over [start, end) whose meters changed; an empty end is without end."""

    distributor = models.ForeignKey(Distributor, models.CASCADE, db_constraint=False, related_name="+")
    kind = models.PositiveSmallIntegerField(choices=ScopeKind)
    scope_id = models.BigIntegerField()
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    marked_at = models.DateTimeField(default=timezone.now)
