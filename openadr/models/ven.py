"""Devices and gateways that hear of events by OpenADR."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity
from common.constraints import TriggerConstraint
from openadr.models.querysets import TenantQuerySet
from organizations.models import Distributor


class VenState(models.TextChoices):
    """What a VEN may do."""

    ENROLLED = "enrolled", _("not registered yet")
    REGISTERED = "registered", _("registered")
    REVOKED = "revoked", _("revoked")


class Ven(models.Model):
    """One virtual end node (VEN): a device or a gateway that speaks OpenADR. Changed by `openadr.services` only.

    `ven_id` is what it says in each message. `owner` is the resident or organization whose device it is; without one
    it is the distributor's own. A VEN of an owner who is not approved is cut off like a revoked one. `said` keeps
    what it told at registration (name, profile, transport, whether it only reports, whether it signs).
    """

    tenant = "distributor"

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="vens", verbose_name=_("distributor"))
    name = models.CharField(_("name"), max_length=64)
    ven_id = models.CharField(_("venID"), max_length=64, unique=True, editable=False)
    owner = models.ForeignKey(Entity, models.PROTECT, null=True, blank=True, related_name="own_vens")
    state = models.CharField(_("state"), max_length=10, choices=VenState, default=VenState.ENROLLED, editable=False)
    registration_id = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    registered_at = models.DateTimeField(_("registered"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    revoke_reason = models.CharField(_("why it was revoked"), max_length=200, blank=True, editable=False)
    is_lenient = models.BooleanField(
        _("takes messages that break the schema"),
        default=False,
        help_text=_("For old devices; each such message is logged. Never with signatures."),
    )
    must_sign = models.BooleanField(_("signs every message"), default=False)
    poll_seconds = models.PositiveIntegerField(_("seconds between polls"), default=10)
    must_reregister = models.BooleanField(default=False, editable=False)
    # The VTN registers its own reports with the VEN after each registration; none of them yet.
    knows_our_reports = models.BooleanField(default=False, editable=False)
    said = models.JSONField(default=dict, blank=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("VEN")
        verbose_name_plural = _("VENs")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["distributor", "name"],
                name="ven_name_in_distributor",
                violation_error_message=_("There is a VEN of this name already."),
            ),
            models.CheckConstraint(condition=Q(state__in=VenState.values), name="ven_state_known"),
            models.CheckConstraint(
                condition=~Q(is_lenient=True, must_sign=True),
                name="ven_lenient_or_signed",
                violation_error_message=_("What is signed is held to the schema: choose one of the two."),
            ),
            models.CheckConstraint(
                condition=Q(poll_seconds__gte=1, poll_seconds__lte=86400),
                name="ven_polls_within_a_day",
                violation_error_message=_("A VEN polls each 1 to 86,400 seconds."),
            ),
            TriggerConstraint(
                name="ven_distributor_fixed",
                on=("UPDATE",),
                refuse="NEW.distributor_id <> OLD.distributor_id OR NEW.ven_id <> OLD.ven_id",
                violation_error_message=_("A VEN stays with its distributor, and keeps its venID."),
            ),
            TriggerConstraint(
                name="ven_revoked_for_good",
                on=("UPDATE",),
                refuse="OLD.state = 'revoked' AND NEW.state <> 'revoked'",
                violation_error_message=_("A revoked VEN stays revoked; enroll a new one."),
            ),
            TriggerConstraint(
                name="ven_owner_same_distributor",
                of=("owner_id", "distributor_id"),
                refuse=(
                    "EXISTS (SELECT 1 FROM accounts_entity e WHERE e.id = NEW.owner_id "
                    "AND COALESCE(e.tenant_id, e.id) <> NEW.distributor_id)"
                ),
                violation_error_message=_("VEN and owner belong to different distributors."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.distributor_id, None


class VenSeen(models.Model):
    """When a VEN was heard last; written in bulk every few seconds, never by a poll itself."""

    tenant = "ven__distributor"

    ven = models.OneToOneField(Ven, models.CASCADE, primary_key=True, related_name="seen")
    at = models.DateTimeField(_("last heard"))
    address = models.CharField(_("address"), max_length=64, blank=True)
    messages = models.PositiveBigIntegerField(_("messages"), default=0)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("last sign of a VEN")
        verbose_name_plural = _("last signs of VENs")

    def __str__(self) -> str:
        return f"{self.ven_id} {self.at}"
