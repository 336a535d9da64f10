"""Which distributor is at home at an address, and at which address a distributor is."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from accounts.models import User
from organizations.models import Distributor
from organizations.models.brand import normalize_host

_CACHED, _SECONDS = "distributor-hosts", 60


def forget_hosts() -> None:
    """Makes a changed host name count at once, on every web host that shares the cache."""
    cache.delete(_CACHED)


def _hosts() -> dict[str, int]:
    """Host name -> id of its distributor. Cached whole, so that made-up names cannot fill the cache."""
    known: dict[str, int] | None = cache.get(_CACHED)
    if known is None:
        with_host = Distributor.objects.exclude(host=None).values_list("host", "pk")
        known = {host: pk for host, pk in with_host if host}
        cache.set(_CACHED, known, _SECONDS)
    return known


def site_url_of(distributor: Distributor | None) -> str:
    """Where people of the distributor reach the portal: its own host, else the portal's address."""
    if distributor is None or not distributor.host:
        return str(settings.SITE_URL)
    site = urlsplit(settings.SITE_URL)
    port = f":{site.port}" if site.port else ""
    return f"{site.scheme}://{distributor.host}{port}"


def site_url_for(tenant_id: int | None) -> str:
    """The same by the distributor's id."""
    return site_url_of(Distributor.objects.filter(pk=tenant_id or 0).first())


def distributor_here(request: HttpRequest) -> Distributor | None:
    """The distributor whose own host the request came to; None at the portal's own address."""
    found_id = getattr(request, "host_distributor_id", None)
    if found_id is None:
        return None
    if not hasattr(request, "host_distributor"):
        request.host_distributor = Distributor.objects.filter(pk=found_id).first()  # type: ignore[attr-defined]  # kept with the request
    found: Distributor | None = request.host_distributor  # type: ignore[attr-defined]  # kept with the request
    return found


class HostMiddleware:
    """Lets the distributors' hosts in beside ALLOWED_HOSTS; any other is refused by Django, as ever.

    Stands first, because everything after it asks for the host.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request._get_raw_host()  # type: ignore[attr-defined]  # of Django, without a stub
        host = normalize_host(given)
        if host not in settings.ALLOWED_HOSTS and (found := _hosts().get(host)):
            request.host_distributor_id = found  # type: ignore[attr-defined]  # kept with the request
            # Django's own knows the fixed list only; without this line the host stays refused.
            request.get_host = lambda: given  # type: ignore[method-assign]  # of this request alone
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """A page that leads home, for who is signed in at the host of another distributor."""
        found_id = getattr(request, "host_distributor_id", None)
        user = getattr(request, "user", None)
        if found_id is None or not isinstance(user, User) or user.is_superuser or user.tenant_id == found_id:
            return None
        return _lead_home(request, user)


def _lead_home(request: HttpRequest, user: User) -> HttpResponse:
    home = Distributor.objects.filter(pk=user.distributor_id).first()
    context = {"home": home, "home_url": site_url_of(home), "here": distributor_here(request)}
    logout(request)
    return render(request, "organizations/other_host.html", context, status=403)
