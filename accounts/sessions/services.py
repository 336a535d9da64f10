"""Sessions: noted, listed, ended."""

import time
from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest

from accounts.audit import record
from accounts.models import User
from accounts.services import revoke_token

# In the session itself: when its row was last brought up to date, in seconds since 1970.
SEEN = "seen_at"
SECONDS_BETWEEN = 5 * 60


def note_activity(request: HttpRequest) -> None:
    """Address, device and "last seen" of the session's row, at most once in five minutes."""
    session = request.session
    if not session.session_key or SESSION_KEY not in session:
        return
    if time.time() - session.get(SEEN, 0) < SECONDS_BETWEEN or not request.user.is_authenticated:
        return
    session[SEEN] = time.time()
    UserSession.objects.create_from_request(request)


def sessions_of(request: HttpRequest) -> list[UserSession]:
    """The reader's sessions that still open something, this one first, then the latest seen."""
    here = request.session.session_key
    if not UserSession.objects.filter(session_key=here).exists():
        UserSession.objects.create_from_request(request)
    found: list[UserSession] = UserSession.objects.purge_and_list(request.user)
    return sorted(found, key=lambda each: (each.session_key != here, -each.last_seen_at.timestamp()))


def end_sessions(*, user: User, by: User | None, but: str | None = "", pk: int | None = None) -> int:
    """How many sessions ended at once: all of the person's, but the one with the key `but`, or only `pk`."""
    mine = UserSession.objects.filter(user_id=user.pk).exclude(session_key=but or "")
    chosen = list(mine if pk is None else mine.filter(pk=pk))
    _end(chosen)
    if chosen:
        record("session.ended", target=user, by=by, details={"sessions": len(chosen)})
    return len(chosen)


def end_access(*, user: User, by: User | None) -> None:
    """Ends every session of the person and revokes every token."""
    end_sessions(user=user, by=by)
    for token in user.api_tokens.filter(revoked_at=None):
        revoke_token(token=token, by=by)


def _end(sessions: Iterable[UserSession]) -> None:
    for session in sessions:
        session.end()
