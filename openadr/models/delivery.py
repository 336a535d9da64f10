"""What each VEN was told of each event, and what it answered."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.constraints import AppendOnly, TriggerConstraint
from events.models import Event
from openadr.models.querysets import TenantQuerySet
from openadr.models.ven import Ven


class Opt(models.TextChoices):
    """What a VEN answered."""

    NONE = "", _("no answer")
    IN = "optIn", _("takes part")
    OUT = "optOut", _("does not take part")


class EventDelivery(models.Model):
    """One event as one VEN is told it: written with the event's change, sent until acknowledged.

    `modification_number` is this VEN's own: it rises when what the VEN is told changes, not when the portal's event
    goes on by the clock. It is pending until `acknowledged_modification` equals it. Called off, or left by its
    meters, it is `is_cancelled`, which the VEN must acknowledge as well. `start`, `end`, `level` (of the SIMPLE
    signal, 1 to 3) and `resources` (names; empty for the whole VEN) are what it is told.
    """

    tenant = "ven__distributor"

    ven = models.ForeignKey(Ven, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    modification_number = models.PositiveIntegerField(default=0)
    start = models.DateTimeField(_("start"))
    end = models.DateTimeField(_("end"))
    level = models.PositiveSmallIntegerField(default=1)
    resources = models.JSONField(default=list)
    is_cancelled = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    # Until when it must have acknowledged; later it is reported as out of reach.
    due_at = models.DateTimeField()
    delivered_modification = models.PositiveIntegerField(null=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    acknowledged_modification = models.PositiveIntegerField(null=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    opt = models.CharField(_("answer"), max_length=6, choices=Opt, blank=True, default="")
    opted_at = models.DateTimeField(_("answered"), null=True)
    unreachable_at = models.DateTimeField(_("not reached in time"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery to a VEN")
        verbose_name_plural = _("deliveries to VENs")
        ordering = ["event", "ven"]
        indexes = [models.Index(fields=["end"], name="delivery_by_end")]
        constraints = [
            models.UniqueConstraint(fields=["ven", "event"], name="delivery_once"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="delivery_ends_after_start"),
            models.CheckConstraint(condition=Q(opt__in=Opt.values), name="delivery_opt_known"),
            models.CheckConstraint(condition=Q(level__lte=3), name="delivery_level_known"),
            TriggerConstraint(
                name="delivery_modification_rises",
                on=("UPDATE",),
                of=("modification_number", "start", "end", "level", "is_cancelled"),
                refuse=(
                    "NEW.modification_number < OLD.modification_number "
                    "OR (NEW.modification_number = OLD.modification_number AND (NEW.start <> OLD.start "
                    "OR NEW.end <> OLD.end OR NEW.level <> OLD.level OR NEW.is_cancelled <> OLD.is_cancelled))"
                ),
                violation_error_message=_("What a VEN is told changes only with its modification number."),
            ),
            TriggerConstraint(
                name="delivery_same_distributor",
                of=("ven_id", "event_id"),
                refuse=(
                    "(SELECT v.distributor_id FROM openadr_ven v WHERE v.id = NEW.ven_id) <> "
                    "(SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id "
                    "WHERE e.id = NEW.event_id)"
                ),
                violation_error_message=_("VEN and event belong to different distributors."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.ven_id}"

    @property
    def is_pending(self) -> bool:
        """Whether the VEN has not acknowledged what it is to be told now."""
        return self.acknowledged_modification != self.modification_number


class DeliveryStep(models.TextChoices):
    """What happened to a delivery."""

    DELIVERED = "delivered", _("delivered")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    OPTED_IN = "opted_in", _("takes part")
    OPTED_OUT = "opted_out", _("does not take part")
    UNREACHABLE = "unreachable", _("not reached in time")
    CHANGED = "changed", _("changed")
    CANCELLED = "cancelled", _("called off")


class DeliveryRecord(models.Model):
    """One step of a delivery; kept for good."""

    tenant = "delivery__ven__distributor"

    delivery = models.ForeignKey(EventDelivery, models.CASCADE, related_name="records")
    step = models.CharField(max_length=12, choices=DeliveryStep)
    modification_number = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    detail = models.CharField(max_length=200, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("step of a delivery")
        verbose_name_plural = _("steps of deliveries")
        ordering = ["delivery", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(step__in=DeliveryStep.values), name="delivery_step_known"),
            AppendOnly(name="delivery_record_unchanged", on=("UPDATE",)),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.step}"
