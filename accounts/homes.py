"""Where somebody's pages are. Links in mails lead there, whatever host the request named: who runs another
distributor's host could ask for a stranger's mail at it, and would be handed the link that opens the account."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sites.requests import RequestSite
from django.http import HttpRequest

from accounts.models import User

_sources: list[Callable[[int], str]] = []


def register_home(source: Callable[[int], str]) -> None:
    """The room that knows distributors says here where one of an id is at home."""
    _sources[:] = [source]


def home_of(tenant_id: int | None) -> str:
    """Scheme and host of a distributor's pages; of the installation's for None."""
    return _sources[0](tenant_id) if _sources and tenant_id else str(settings.SITE_URL)


def led_home(context: Mapping[str, Any], request: HttpRequest, reader: User | None) -> dict[str, Any]:
    """A mail's context whose links lead to its reader's home; to that of the page for a reader without account."""
    tenant_id = reader.tenant_id if reader is not None else getattr(request, "host_distributor_id", None)
    here, home = request.build_absolute_uri("/"), home_of(tenant_id)
    site = RequestSite(request)
    site.domain = site.name = urlsplit(home).netloc
    led = {name: _led(value, here, home) for name, value in context.items()}
    return {**led, "current_site": site}


def _led(value: Any, here: str, home: str) -> Any:
    return f"{home}/{value.removeprefix(here)}" if isinstance(value, str) and value.startswith(here) else value
