"""Nobody who must have a second factor comes further without one."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.mfa.services import has_factor, must_have_factor
from accounts.models import User

# Setting a factor up, proving who one is, and leaving.
OPEN = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "account_reauthenticate",
    "account_logout",
    "admin:logout",
    "healthz",
    "readyz",
}


class SecondFactorMiddleware:
    """Leads who must have a second factor and has none to its set-up, from every page; the API refuses them.

    Tokens are not asked: a token is a factor of its own, and comes without a session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        match = request.resolver_match
        user = getattr(request, "real_user", request.user)  # who acts as somebody else is asked for their own
        if match is None or match.view_name in OPEN or not isinstance(user, User):
            return None
        if not must_have_factor(user) or has_factor(user):
            return None
        return _refusal() if request.path.startswith("/api/") else redirect("mfa_index")


def _refusal() -> JsonResponse:
    words = _("Your role needs a second step to sign in. Set it up on the portal's pages, then call again.")
    error = {"code": "second_factor_missing", "detail": words, "attr": None}
    return JsonResponse({"type": "client_error", "errors": [error]}, status=403)
