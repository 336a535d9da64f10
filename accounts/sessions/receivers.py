"""What ends sessions, and what a log-in notes."""

import time
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import ApprovalStatus, User
from accounts.sessions.services import SEEN, end_access, end_sessions
from accounts.signals import approval_changed


@receiver(user_logged_in)
def note_log_in(request: HttpRequest, **kwargs: Any) -> None:
    """The row is written by the log-in itself; the next one is due in five minutes."""
    request.session[SEEN] = time.time()


@receiver(approval_changed)
def end_access_without_approval(user: User, status: str, by: User | None, **kwargs: Any) -> None:
    """Who is not approved any more is out at once."""
    if status != ApprovalStatus.APPROVED:
        end_access(user=user, by=by)


@receiver([password_changed, password_set, password_reset])
def end_other_sessions(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """A new password ends the other sessions; Django refuses them already, here their rows go too."""
    end_sessions(user=user, by=user, but=request.session.session_key)
