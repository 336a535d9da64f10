"""How processes of the VTN learn that something changed."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openadr.models.ven import Ven


class ChangeCounter(models.Model):
    """One row whose number rises with each change. Its lock makes changes commit in the order of their numbers."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("counter of changes")
        verbose_name_plural = _("counters of changes")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="change_counter_is_one_row")]

    def __str__(self) -> str:
        return str(self.number)


class VenChange(models.Model):
    """What changed at a number: one VEN, or all of them where `ven` is empty. Kept an hour."""

    number = models.PositiveBigIntegerField(db_index=True)
    # Not enforced: the check would lock the VEN's row behind the counter, which others lock in the other order.
    ven = models.ForeignKey(Ven, models.CASCADE, null=True, related_name="+", db_constraint=False)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("change of a VEN")
        verbose_name_plural = _("changes of VENs")

    def __str__(self) -> str:
        return f"{self.number} {self.ven_id}"
