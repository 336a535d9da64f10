"""Copies of everything that the portal keeps of one person."""

import hashlib
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class ExportState(models.TextChoices):
    """Where a copy is."""

    WAITING = "waiting", _("being prepared")
    BUILDING = "building", _("being written")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class ExportQuerySet(models.QuerySet["PersonalExport"]):
    """Copies by who may have them."""

    def visible_to(self, user: User) -> "ExportQuerySet":
        """One's own; nobody else's, whoever one is."""
        return self.filter(user_id=user.pk) if user.is_approved else self.none()

    def under_way(self) -> "ExportQuerySet":
        """Those that are not written yet."""
        return self.filter(state__in=(ExportState.WAITING, ExportState.BUILDING))


class PersonalExport(models.Model):
    """One copy of one person's data, as a file. Asked for by the person; written and swept by `accounts.tasks`.

    Whoever fetches it needs the owner's session and the token of the link, of which only the SHA-256 is kept.
    """

    LIFETIME: ClassVar[timedelta] = timedelta(days=7)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="personal_exports")
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.WAITING)
    started_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="personal_export_state_known"),
            models.CheckConstraint(
                condition=~Q(state=ExportState.READY)
                | (Q(ready_at__isnull=False, expires_at__isnull=False) & ~Q(digest="")),
                name="personal_export_ready_has_link",
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def path(self) -> Path:
        """Where its file is; outside of everything that is served."""
        return export_folder() / f"{self.pk}.zip"

    def is_open_at(self, moment: datetime) -> bool:
        """Whether the file may be fetched at that moment."""
        return self.state == ExportState.READY and self.expires_at is not None and moment < self.expires_at

    @staticmethod
    def new_token() -> str:
        """A fresh token with 256 random bits."""
        return secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(token: str) -> str:
        """SHA-256 of a token, in hex."""
        return hashlib.sha256(token.encode()).hexdigest()


def export_folder() -> Path:
    """The private folder of the files."""
    return Path(settings.VAR_DIR) / "exports"
