"""The list of sessions."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.sessions.devices import device_of
from accounts.sessions.services import end_sessions, sessions_of
from common.numbers_in_text import number_in


@require_http_methods(["GET", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in; a POST ends the session it names, or all others."""
    if request.method == "POST":
        _end(request)
        return redirect("usersessions_list")
    lines = [_line(session, request) for session in sessions_of(request)]
    return render(request, "usersessions/usersession_list.html", {"sessions": lines})


def _line(session: UserSession, request: HttpRequest) -> dict[str, Any]:
    return {
        "pk": session.pk,
        "device": device_of(session.user_agent),
        "ip": session.ip,
        "since": session.created_at,
        "seen": session.last_seen_at,
        "is_current": session.session_key == request.session.session_key,
    }


def _end(request: HttpRequest) -> None:
    user, here, chosen = request.user, request.session.session_key, request.POST.get("session", "")
    assert isinstance(user, User)
    if not chosen:
        count = end_sessions(user=user, by=user, but=here)
        words = ngettext("%(count)d other session is ended.", "%(count)d other sessions are ended.", count)
        messages.success(request, words % {"count": count})
    elif (pk := number_in(chosen)) is not None and end_sessions(user=user, by=user, but=here, pk=pk):
        messages.success(request, _("The session is ended."))
    else:
        raise Http404
