"""Who calls the API: a session, or a bearer token; both pass the approval gate."""

from typing import Any

from allauth.core.internal.ratelimit import get_ip
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

from accounts.limits import allow
from accounts.models import ApiToken, User
from accounts.services import note_use

# Wrong tokens that one address may send in a minute before it is told to wait; right ones are never counted.
WRONG_TOKENS, SECONDS = 30, 60


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer drp_…`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's owner and the token; None where the request carries no bearer token.

        Raises:
            AuthenticationFailed: Unknown, revoked or expired token, or an owner who is not approved: one
                sentence for all four, so that nothing can be told apart from outside.
            Throttled: Too many of those from this address.
        """
        scheme, _, key = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = ApiToken.digest_of(key.strip())
        token = ApiToken.objects.select_related("user").filter(digest=digest).first()
        if token is None or not token.is_valid_at(timezone.now()) or not token.user.is_approved:
            if not allow("token", get_ip(request), amount=WRONG_TOKENS, seconds=SECONDS):
                raise Throttled(wait=SECONDS)
            raise AuthenticationFailed("This token is not valid.")
        note_use(token=token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """A token needs the scope that the view names for the method; a session needs none.

    The view has `required_scopes: dict[str, str]` with "read" and "write"; a missing entry refuses tokens.
    """

    message = "This token lacks the scope for that."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiToken):
            return True
        action = "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"
        return getattr(view, "required_scopes", {}).get(action) in request.auth.scopes


class WriteThrottle(UserRateThrottle):
    """How often one person may change something over the API; reading is not counted."""

    scope = "writes"

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether this one may go on."""
        return request.method in SAFE_METHODS or super().allow_request(request, view)


class TokenScheme(OpenApiAuthenticationExtension):
    """How the API's description names the bearer token."""

    target_class = "accounts.api.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
