"""Which certificates speak for a VEN."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.constraints import TriggerConstraint
from openadr.models.querysets import TenantQuerySet
from openadr.models.ven import Ven


class VenCertificate(models.Model):
    """One client certificate pinned to a VEN by its full SHA-256; its key is given out once and kept nowhere.

    While a certificate is being replaced two are good; what is revoked is never good again.
    """

    tenant = "ven__distributor"

    ven = models.ForeignKey(Ven, models.CASCADE, related_name="certificates")
    fingerprint = models.CharField(_("SHA-256"), max_length=64, unique=True)
    subject = models.CharField(_("subject"), max_length=200)
    valid_from = models.DateTimeField(_("valid from"))
    valid_to = models.DateTimeField(_("valid until"))
    is_ours = models.BooleanField(_("issued by the portal"), default=True)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(fingerprint__regex="^[0-9a-f]{64}$"), name="ven_certificate_is_sha256"),
            models.CheckConstraint(condition=Q(valid_to__gt=F("valid_from")), name="ven_certificate_ends_after_start"),
            TriggerConstraint(
                name="ven_certificate_stays_revoked",
                on=("UPDATE",),
                refuse=(
                    "NEW.fingerprint <> OLD.fingerprint OR NEW.ven_id <> OLD.ven_id "
                    "OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)"
                ),
                violation_error_message=_("A certificate stays with its VEN, and revoked where it is revoked."),
            ),
        ]

    def __str__(self) -> str:
        return self.fingerprint[:16]

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.ven.distributor_id, None
