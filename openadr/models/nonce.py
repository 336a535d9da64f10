"""What was used once and may not be used again."""

from django.db import models
from django.utils import timezone


class UsedNonce(models.Model):
    """One replay-protection nonce of a signed message, where there is no Redis; kept as long as its time is good."""

    key = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.key
