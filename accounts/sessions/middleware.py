"""Who a session is of, and when it was last used."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from accounts.sessions.services import note_activity
from accounts.sessions.store import SessionStore, confirming


class PersonMiddleware(AuthenticationMiddleware):
    """Django's, but a copy of a session that the database does not confirm is read again from its row."""

    def process_request(self, request: HttpRequest) -> None:
        """Sets `request.user`, which is looked up when it is needed."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _kept_person(request))  # type: ignore[assignment]  # stands for the person
        request.auser = sync_to_async(lambda: _kept_person(request))


def _kept_person(request: HttpRequest) -> Any:
    # Django's own name: what asks Django for the user of the request finds the same one.
    if not hasattr(request, "_cached_user"):
        request._cached_user = _person(request)  # type: ignore[attr-defined]  # kept with the request, as Django does
    return request._cached_user  # type: ignore[attr-defined]  # kept with the request, as Django does


def _person(request: HttpRequest) -> User | AnonymousUser:
    session = request.session
    with confirming(session):
        person = auth.get_user(request)
    if isinstance(session, SessionStore) and session.unconfirmed is not None:
        session.read_row()
        person = auth.get_user(request)
    return person


class ActivityMiddleware:
    """Keeps "last seen" true to five minutes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        note_activity(request)
        return self.get_response(request)
