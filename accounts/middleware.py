"""Pages are closed unless a view says otherwise."""

from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect

from accounts.stages import WAITING_FOR


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's default-deny; somebody who waits for approval sees the waiting page instead of the log-in."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseRedirect:
        if WAITING_FOR in request.session:
            return redirect("accounts_waiting")
        return super().handle_no_permission(request, view_func)
