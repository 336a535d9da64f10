"""Opt schedules that VENs sent (EiOpt)."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.constraints import TriggerConstraint
from openadr.fields import ExactCharField
from openadr.models.delivery import EventDelivery, Opt
from openadr.models.querysets import TenantQuerySet
from openadr.models.ven import Ven


class VenOpt(models.Model):
    """One oadrCreateOpt, in force until it is cancelled: for one event, or for the `spans` of its schedule.

    `spans` are [start, end] in ISO 8601 UTC; `resources` names what it is for, empty for the whole VEN.
    """

    tenant = "ven__distributor"

    ven = models.ForeignKey(Ven, models.CASCADE, related_name="opts")
    opt_id = ExactCharField(_("optID"), max_length=128)
    opt_type = models.CharField(_("answer"), max_length=6, choices=[(Opt.IN, Opt.IN.label), (Opt.OUT, Opt.OUT.label)])
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    delivery = models.ForeignKey(EventDelivery, models.CASCADE, null=True, related_name="opts")
    spans = models.JSONField(default=list)
    resources = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(_("taken back"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer of a VEN")
        verbose_name_plural = _("answers of VENs")
        ordering = ["ven", "-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["ven", "opt_id"], name="ven_opt_once"),
            models.CheckConstraint(condition=models.Q(opt_type__in=("optIn", "optOut")), name="ven_opt_type_known"),
            TriggerConstraint(
                name="ven_opt_delivery_of_ven",
                of=("ven_id", "delivery_id"),
                refuse=(
                    "EXISTS (SELECT 1 FROM openadr_eventdelivery d WHERE d.id = NEW.delivery_id "
                    "AND d.ven_id <> NEW.ven_id)"
                ),
                violation_error_message=_("Opt and delivery belong to different VENs."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.opt_id)
