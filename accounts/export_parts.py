"""What a copy of the own data has from this room."""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils.translation import gettext_lazy as _

from accounts.exports import register_part
from accounts.models import ApiToken, AuditEntry, User

Rows = Iterator[dict[str, Any]]


def _profile(user: User) -> Rows:
    names = ("email", "first_name", "last_name", "approval_status", "staff_role", "theme", "language")
    times = ("quiet_from", "quiet_until", "date_joined", "last_login")
    yield {"id": user.pk, **{name: getattr(user, name) for name in (*names, *times)}}


def _addresses(user: User) -> Rows:
    yield from EmailAddress.objects.filter(user=user).order_by("id").values("email", "verified", "primary")


def _sessions(user: User) -> Rows:
    names = ("created_at", "last_seen_at", "ip", "user_agent")
    yield from UserSession.objects.filter(user=user).order_by("id").values(*names)


def _second_factors(user: User) -> Rows:
    yield from Authenticator.objects.filter(user=user).order_by("id").values("type", "created_at", "last_used_at")


def _tokens(user: User) -> Rows:
    names = ("name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    yield from ApiToken.objects.filter(user=user).order_by("id").values(*names)


def _history(user: User) -> Rows:
    """What was done to the account or by it; who else did it is not the reader's business, so it is left out."""
    about = AuditEntry.objects.filter(content_type__app_label="accounts", content_type__model="user")
    found = about.filter(object_id=user.pk) | AuditEntry.objects.filter(actor_id=user.pk)
    for entry in found.order_by("id").select_related("content_type").iterator(chunk_size=1000):
        yield {
            "at": entry.timestamp,
            "act": entry.act or entry.get_action_display(),
            "what": str(entry.content_type),
            "by_you": entry.actor_id == user.pk,
            "from_address": entry.remote_addr if entry.actor_id == user.pk else "",
        }


register_part("profile", _profile, title=_("your name, address and settings"))
register_part("email-addresses", _addresses, title=_("your e-mail addresses"))
register_part("sessions", _sessions, title=_("where you are signed in"))
register_part("second-factors", _second_factors, title=_("your second factors, without their secrets"))
register_part("api-tokens", _tokens, title=_("your API tokens, without their keys"))
register_part("history", _history, title=_("what was done to your account, and by you"))
