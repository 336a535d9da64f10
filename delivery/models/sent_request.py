"""Requests that a client may send again, and how each was answered."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class SentRequest(models.Model):
    """One request of one account under an idempotency key, with its answer once there is one.

    Written by `delivery.idempotency`. The answer is written in the transaction of what the request changed, so
    there is one exactly if the other is there. Without one, the request is being worked on until `held_until`;
    whoever comes after that may take it over. Rows go after some days.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=128)
    route = models.CharField(max_length=100)
    body_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    held_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="sent_request_created")]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="sent_request_once")]
