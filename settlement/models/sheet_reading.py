"""What a second look at the utility's own sheet found."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import AppendOnly
from events.models import Event
from organizations.access import Role, role_of
from settlement.models.run import SettlementRun


class SheetReadingQuerySet(models.QuerySet["SheetReading"]):
    """Readings of sheets by who may see them."""

    def visible_to(self, user: User) -> "SheetReadingQuerySet":
        """The distributor's, for its people: a sheet holds everybody's amounts."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        mine = self.filter(event__program__distributor_id=user.distributor_id)
        return mine if role.is_staff else self.none()


class SheetReading(models.Model):
    """One sheet of an event, compared with one run; written by `settlement.services.read_event_sheet`, never changed.

    `result` holds the differing rows, the slips and the counts (`settlement.words.second_reader` says them).
    """

    event = models.ForeignKey(Event, models.PROTECT, related_name="sheet_readings")
    run = models.ForeignKey(SettlementRun, models.PROTECT, related_name="sheet_readings")
    file_name = models.CharField(_("file"), max_length=120)
    sha256 = models.CharField(max_length=64)
    result = models.JSONField(default=dict)
    read_at = models.DateTimeField(_("read"), default=timezone.now)
    read_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = SheetReadingQuerySet.as_manager()

    class Meta:
        ordering = ["-read_at", "-id"]
        constraints = [AppendOnly(name="sheet_reading_append_only")]

    def __str__(self) -> str:
        return f"{self.file_name}, {self.event}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.event.program.distributor_id, None
