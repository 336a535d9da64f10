"""allauth's pages where ours know more: the overview, and removing a passkey."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.base.views import IndexView
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from accounts.mfa.forms import RemovePasskeyForm
from accounts.mfa.services import has_factor, must_have_factor
from accounts.models import User

View = Callable[..., HttpResponseBase]


class OverviewView(IndexView):
    """What stands behind the account besides the password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        more = {"is_required": must_have_factor(user), "has_factor": has_factor(user)}
        return {**super().get_context_data(**kwargs), **more}


class RemovePasskeyView(RemoveWebAuthnView):
    """Removes a passkey, unless it is the last factor of somebody who must have one."""

    form_class = RemovePasskeyForm

    def get_form_kwargs(self) -> dict[str, Any]:
        # Always bound, so that a refusal stands on the page before anybody presses the button.
        return {**super().get_form_kwargs(), "authenticator": self.object, "data": self.request.POST}


def one_at_a_time(view: View) -> View:
    """The view, whose writes for one person wait for each other.

    allauth relies on a unique constraint with a condition, which MariaDB does not have: two windows at once
    would make two apps, or two sets of recovery codes, of which only one is ever shown.
    """

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or not isinstance(request.user, User):
            return view(request, *args, **kwargs)
        with transaction.atomic():
            User.objects.select_for_update().get(pk=request.user.pk)
            return view(request, *args, **kwargs)

    return page


activate_app = one_at_a_time(ActivateTOTPView.as_view())
add_passkey = one_at_a_time(AddWebAuthnView.as_view())
overview = require_safe(OverviewView.as_view())
remove_passkey = require_http_methods(["GET", "POST"])(RemovePasskeyView.as_view())
