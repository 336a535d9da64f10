"""What is to be delivered, and how it went."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, StaffRole, User
from common.constraints import AppendOnly


class DeliveryState(models.TextChoices):
    """Where a message is."""

    PENDING = "pending", _("waiting")
    SENT = "sent", _("sent, not confirmed yet")
    DELIVERED = "delivered", _("delivered")
    UNREACHABLE = "unreachable", _("not deliverable")


class Way(models.TextChoices):
    """How a message travels; empty for what goes to no person."""

    EMAIL = "email", _("e-mail")
    SMS = "sms", _("text message")


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages, by what is due and by who may see them."""

    def due(self) -> "MessageQuerySet":
        """What a drain may take now, the oldest first."""
        return self.filter(state=DeliveryState.PENDING, next_attempt_at__lte=timezone.now()).order_by("id")

    def visible_to(self, user: User) -> "MessageQuerySet":
        """Messages of the admin's distributor; all of them for a platform operator; none for others."""
        if not user.is_approved:
            return self.none()
        if user.is_superuser:
            return self
        if user.staff_role == StaffRole.ADMIN:
            return self.filter(tenant_id=user.tenant_id)
        return self.none()


class Message(models.Model):
    """One thing for one recipient; ends DELIVERED or UNREACHABLE. Written by `delivery.services.enqueue` only.

    SENT is what a provider took and will give a receipt of: DELIVERED or UNREACHABLE follow from that, or from none
    coming for days.
    """

    tenant = models.ForeignKey(Entity, models.PROTECT, null=True, related_name="+")
    # Whose address it goes to, where that is known. Not enforced: an account's row may go by raw SQL.
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_constraint=False)
    kind = models.CharField(max_length=40)
    channel = models.CharField(_("way"), max_length=5, choices=Way, blank=True)
    # What it is about, such as "event-12".
    about = models.CharField(max_length=40, blank=True)
    recipient = models.CharField(max_length=254)
    payload = models.JSONField(default=dict)
    # NULL where the same message may be sent twice; else the second enqueue finds the first.
    dedupe_key = models.CharField(max_length=120, null=True, unique=True)
    state = models.CharField(max_length=12, choices=DeliveryState, default=DeliveryState.PENDING)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    # While a drain has it. Still set at the next claim: the process died, which counts as an attempt.
    claimed_at = models.DateTimeField(null=True, editable=False)
    # What the provider calls it, where a receipt follows.
    provider_id = models.CharField(max_length=100, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="message_due"),
            models.Index(fields=["about", "state"], name="message_about"),
            models.Index(fields=["provider_id"], name="message_provider_id"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="message_state_known"),
            models.CheckConstraint(condition=Q(channel__in=("", *Way.values)), name="message_channel_known"),
            models.CheckConstraint(
                condition=Q(state__in=[DeliveryState.PENDING, DeliveryState.SENT]) | Q(finished_at__isnull=False),
                name="message_end_has_time",
            ),
        ]


class Attempt(models.Model):
    """One try to deliver a message; never changed."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="attempts")
    at = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [AppendOnly(name="attempt_unchanged", on=("UPDATE",))]
