"""Phone numbers to which people want text messages."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from delivery.models.notice import OwnQuerySet


class Phone(models.Model):
    """One person's number. Written by `delivery.phones` only; `asked_number` waits for its code.

    `number` is empty until a code that was sent to it came back. The code itself is not kept.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="phone")
    number = models.CharField(_("phone number"), max_length=16, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    asked_number = models.CharField(max_length=16, blank=True)
    code_digest = models.CharField(max_length=64, blank=True)
    code_until = models.DateTimeField(null=True, blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(number="", confirmed_at__isnull=True) | (~Q(number="") & Q(confirmed_at__isnull=False)),
                name="phone_number_is_confirmed",
                violation_error_message=_("A number stands here only once it is confirmed."),
            ),
            models.CheckConstraint(
                condition=Q(asked_number="", code_digest="", code_until__isnull=True)
                | (~Q(asked_number="") & ~Q(code_digest="") & Q(code_until__isnull=False)),
                name="phone_code_whole",
                violation_error_message=_("A number that waits has a code with an end."),
            ),
        ]
