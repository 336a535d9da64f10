"""Notes when a session was last used."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.sessions.services import note_activity


class ActivityMiddleware:
    """Keeps "last seen" true to five minutes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        note_activity(request)
        return self.get_response(request)
