"""Factors that come and go are written into the change history; the first one ends other sessions."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.audit import record
from accounts.mfa.services import FACTORS
from accounts.models import User
from accounts.sessions.services import end_sessions


@receiver(authenticator_added)
def record_added(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Which kind of factor the person has now."""
    record("mfa.added", target=user, by=user, details={"kind": authenticator.type})


@receiver(authenticator_added)
def end_sessions_without_factor(request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Whoever signed in elsewhere by the password alone does so again, now with the factor.

    Else somebody who knows the password could wait, signed in, until the gate opens for the account.
    """
    factors = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS)
    if authenticator.type in FACTORS and not factors.exclude(pk=authenticator.pk).exists():
        end_sessions(user=user, by=user, but=request.session.session_key)


@receiver(authenticator_removed)
def record_removed(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Which kind of factor the person has no more."""
    record("mfa.removed", target=user, by=user, details={"kind": authenticator.type})


@receiver(authenticator_reset)
def record_reset(user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Recovery codes were replaced by new ones."""
    record("mfa.renewed", target=user, by=user, details={"kind": authenticator.type})
