"""Pages for whoever must wait, or cannot be served at the moment."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from common.cache import CountersAway

# The windows of allauth's limits that answer by this page.
WAIT_SECONDS = 60


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """The page of a limit that was reached: what to do, and how long (allauth finds it as `handler429`)."""
    answer = render(request, "429.html", status=429)
    answer.headers["Retry-After"] = str(WAIT_SECONDS)
    return answer


class CountersAwayMiddleware:
    """Answers 503 where attempts cannot be counted: without counters nobody is let in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """The page, drawn without the database."""
        if not isinstance(problem, CountersAway):
            return None
        answer = render(None, "503.html", status=503)  # without a request: no context processors
        answer.headers["Retry-After"] = str(WAIT_SECONDS)
        return answer
