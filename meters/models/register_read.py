"""What registers showed."""

from django.db import models

from meters.models.meter import Meter


class RegisterRead(models.Model):
    """What one meter's register showed at one moment, in Wh. The energies of intervals are its differences.

    Written only by `meters.services.ingest_register`.
    """

    pk = models.CompositePrimaryKey("meter", "at")
    meter = models.ForeignKey(Meter, models.PROTECT, db_constraint=False, db_index=False, related_name="register_reads")
    at = models.DateTimeField()
    value_wh = models.BigIntegerField()
    source = models.CharField(max_length=80)
