"""Which language somebody reads."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.formats import date_format

from accounts.models import User

KNOWN = tuple(code for code, _name in settings.LANGUAGES)


_defaults: list[Callable[[int], str]] = []


def register_default(source: Callable[[int], str]) -> None:
    """The room that knows distributors says here what language one of an id speaks; empty: it chose none."""
    _defaults[:] = [source]


def language_of(user: User | None, tenant_id: int | None = None) -> str:
    """The person's language; else the distributor's, else that of the installation."""
    if user is not None and user.language:
        return user.language
    tenant_id = tenant_id or (user.tenant_id if user is not None else None)
    language = _defaults[0](tenant_id) if _defaults and tenant_id else ""
    return language or settings.LANGUAGE_CODE


def current_language() -> str:
    """The page's language as an account keeps it; empty for one that the portal does not speak."""
    code = (translation.get_language() or "").partition("-")[0]
    return code if code in KNOWN else ""


def local_time(moment: datetime, zone: tzinfo) -> str:
    """A moment in words of the current language, with its zone."""
    local = moment.astimezone(zone)
    return f"{date_format(local, 'DATE_FORMAT')}, {date_format(local, 'TIME_FORMAT')} {local.tzname() or ''}".strip()


class LanguageMiddleware:
    """Pages in the language of the account; without one Django's own order holds: cookie, then browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Without the cookie nobody is signed in; so a health check opens no session.
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            language = getattr(request.user, "language", "")
            if language:
                translation.activate(language)
                request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)
