"""What registers showed."""

from django.db import models

from meters.models.meter import Meter


class RegisterRead(models.Model):
    """What one meter's register showed at one moment, in Wh. The energies of intervals are its differences.

    Written only by `meters.services.ingest_register`. `batch` is the import that brought it or, where `former_wh`
    holds what it said before, that changed it.
    """

    pk = models.CompositePrimaryKey("meter", "at")
    meter = models.ForeignKey(Meter, models.PROTECT, db_constraint=False, db_index=False, related_name="register_reads")
    at = models.DateTimeField()
    value_wh = models.BigIntegerField()
    source = models.CharField(max_length=80)
    batch = models.ForeignKey("meters.ImportBatch", models.PROTECT, null=True, related_name="register_reads")
    former_wh = models.BigIntegerField(null=True)
