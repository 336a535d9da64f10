"""The log of messages."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openadr.models.querysets import TenantQuerySet
from openadr.models.ven import Ven
from organizations.models import Distributor


class VenMessage(models.Model):
    """One exchange with a VEN, or a refused one with nobody known; polls that found nothing are not kept.

    Written in bulk and kept `VTN_LOG_DAYS`. `code` is OpenADR's response code, or that of HTTP. Nobody's messages
    have no distributor; only the platform sees them.
    """

    tenant = "distributor"

    distributor = models.ForeignKey(Distributor, models.CASCADE, null=True, related_name="+")
    ven = models.ForeignKey(Ven, models.CASCADE, null=True, related_name="messages")
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    address = models.CharField(_("address"), max_length=64, blank=True)
    kind = models.CharField(_("message"), max_length=40, blank=True)
    answer_kind = models.CharField(_("answer"), max_length=40, blank=True)
    code = models.PositiveSmallIntegerField(_("code"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    body = models.TextField(_("what it said"), blank=True)
    answer = models.TextField(_("what we said"), blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("message of a VEN")
        verbose_name_plural = _("messages of VENs")
        ordering = ["-id"]
        indexes = [models.Index(fields=["ven", "-id"], name="ven_message_of_ven")]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"
