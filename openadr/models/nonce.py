"""What was used once and may not be used again."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UsedNonce(models.Model):
    """One replay-protection nonce of a signed message, kept as long as its time is good: where there is no Redis,
    and of who dates messages ahead of now, as Redis may forget."""

    key = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("used nonce")
        verbose_name_plural = _("used nonces")

    def __str__(self) -> str:
        return self.key
