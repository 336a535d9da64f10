"""Tokens of partners and devices."""

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class Scope(models.TextChoices):
    """What a token may do, at most; its owner's own rights bound it further."""

    METERS_READ = "meters:read", _("read meters")
    METERS_WRITE = "meters:write", _("change meter maps")
    READINGS_READ = "readings:read", _("read readings and predictions")
    READINGS_WRITE = "readings:write", _("send readings")
    EVENTS_READ = "events:read", _("read programs and events")
    EVENTS_WRITE = "events:write", _("change events")
    ENROLLMENTS_READ = "enrollments:read", _("read enrollments in programs")
    ENROLLMENTS_WRITE = "enrollments:write", _("change enrollments in programs")
    REWARDS_READ = "rewards:read", _("read rewards")


class TokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens by who may see them."""

    def visible_to(self, user: User) -> "TokenQuerySet":
        """Those of the people the user may see."""
        return self.filter(user__in=User.objects.visible_to(user))

    def managed_by(self, user: User) -> "TokenQuerySet":
        """Those a distributor admin may issue and revoke."""
        return self.visible_to(user) if user.may_manage else self.none()


class ApiToken(models.Model):
    """One key to the API, of one user. Only its SHA-256 is stored; the key is shown once, when it is made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    # To within five minutes: a busy token must not write at each of its requests.
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = TokenQuerySet.as_manager()

    PREFIX: ClassVar[str] = "drp_"

    def __str__(self) -> str:
        return self.name

    @property
    def audit_name(self) -> str:
        """How the history names it: without what its owner called it."""
        return f"token {self.pk}"

    @property
    def audit_scope(self) -> tuple[int | None, None]:
        """The distributor whose history the token's changes belong to."""
        return self.user.tenant_id, None

    @staticmethod
    def digest_of(key: str) -> str:
        """SHA-256 of a key, in hex. The key has 256 random bits, so no slow hash is needed."""
        return hashlib.sha256(key.encode()).hexdigest()

    @classmethod
    def new_key(cls) -> str:
        """A fresh key with 256 random bits."""
        return cls.PREFIX + secrets.token_urlsafe(32)

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether the token opens anything at that moment."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)
