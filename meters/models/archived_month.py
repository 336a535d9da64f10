"""Months of readings that are kept in files."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from organizations.access import Role, role_of
from organizations.models import Distributor


class ArchivedMonthQuerySet(models.QuerySet["ArchivedMonth"]):
    """Archived months by who may see them."""

    def visible_to(self, user: User) -> "ArchivedMonthQuerySet":
        """The distributor's for its people."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        return self.filter(distributor_id=user.distributor_id) if role.is_staff else self.none()


class ArchivedMonth(models.Model):
    """One month (of UTC) of one distributor's readings and predictions that was written to files.

    Written only by `meters.services.archive`. While `removed_at` is set, the readings are in the files alone:
    none of that month are taken in, and its sums are not made again.
    """

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="archived_months")
    month = models.DateField(_("month"))
    rows = models.PositiveBigIntegerField(_("readings"))
    energy_wh = models.BigIntegerField()
    manifest_sha256 = models.CharField(max_length=64)
    archived_at = models.DateTimeField(_("archived at"))
    removed_at = models.DateTimeField(_("removed from the database at"), null=True)

    objects = ArchivedMonthQuerySet.as_manager()

    class Meta:
        ordering = ["month"]
        constraints = [models.UniqueConstraint(fields=["distributor", "month"], name="archived_month_once")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
