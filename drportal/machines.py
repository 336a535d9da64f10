"""The API speaks one language: a program must not get other words because of its operator's browser."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation

LANGUAGE = "en"
PATHS = ("/api/",)


class MachineLanguageMiddleware:
    """English for programs, whatever the request or its account prefers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(PATHS):
            translation.activate(LANGUAGE)
            request.LANGUAGE_CODE = LANGUAGE
        return self.get_response(request)
