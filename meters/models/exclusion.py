"""Times that do not count as ordinary use."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.constraints import TriggerConstraint
from meters.models.meter import Feeder, Meter
from meters.models.meter_map import MeterMap
from organizations.access import Role, holder_id_of, role_of
from organizations.models import Distributor


class ExclusionKind(models.TextChoices):
    """Why the time does not count."""

    EVENT = "event", _("event")
    OUTAGE = "outage", _("outage")
    IDLE = "idle", _("idle")
    TEST = "test", _("test")


# In these the use is not the usual one: no gap is a fault, and no mean of usual days stands for it.
NOT_USUAL = (ExclusionKind.OUTAGE, ExclusionKind.IDLE, ExclusionKind.TEST)


class ExclusionQuerySet(models.QuerySet["Exclusion"]):
    """Exclusions by who may see them, and by meter."""

    def visible_to(self, user: User) -> "ExclusionQuerySet":
        """The distributor's for its people; else those of one's meters in the time in which they were one's own."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(distributor_id=user.distributor_id)
        if role is Role.PENDING or role is Role.ANONYMOUS:
            return self.none()
        maps = MeterMap.objects.filter(meter=OuterRef("meter"), entity=holder_id_of(user))
        later = Q(valid_to__isnull=True) | Q(valid_to__gt=OuterRef("start"))
        return self.filter(Exists(maps.filter(later, valid_from__lt=OuterRef("end"))))

    def managed_by(self, user: User) -> "ExclusionQuerySet":
        """What the user may end: those that events made end with their event."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user).exclude(kind=ExclusionKind.EVENT) if may else self.none()


class Exclusion(models.Model):
    """One meter (or a whole feeder) over [start, end): left out of baselines and of fits.

    Written by events (their intervals, `source` names the event), by operators and by imports.
    """

    distributor = models.ForeignKey(Distributor, models.CASCADE, related_name="exclusions")
    kind = models.CharField(max_length=8, choices=ExclusionKind)
    meter = models.ForeignKey(Meter, models.CASCADE, null=True, blank=True, related_name="exclusions")
    feeder = models.ForeignKey(Feeder, models.CASCADE, null=True, blank=True, related_name="exclusions")
    start = models.DateTimeField()
    end = models.DateTimeField()
    source = models.CharField(max_length=40, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )

    objects = ExclusionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["meter", "start"], name="exclusion_meter_start")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ExclusionKind.values), name="exclusion_kind_known"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="exclusion_ends_after_start"),
            models.CheckConstraint(
                condition=Q(meter__isnull=False, feeder__isnull=True) | Q(meter__isnull=True, feeder__isnull=False),
                name="exclusion_of_meter_or_feeder",
            ),
            models.UniqueConstraint(fields=["meter", "kind", "start", "end", "source"], name="exclusion_once"),
            models.UniqueConstraint(
                fields=["feeder", "kind", "start", "end", "source"], name="exclusion_of_feeder_once"
            ),
            TriggerConstraint(
                name="exclusion_same_distributor",
                refuse=(
                    "NEW.distributor_id <> COALESCE("
                    "(SELECT m.distributor_id FROM meters_meter m WHERE m.id = NEW.meter_id), "
                    "(SELECT f.distributor_id FROM meters_feeder f WHERE f.id = NEW.feeder_id))"
                ),
                violation_error_message=_("The meter or feeder belongs to another distributor."),
            ),
        ]
