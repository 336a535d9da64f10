"""Pages are closed unless a view says otherwise."""

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from accounts.stages import WAITING_FOR


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's default-deny; somebody who waits for approval sees the waiting page instead of the log-in."""

    def handle_no_permission(self, request: HttpRequest, view_func: object) -> HttpResponseBase:
        if WAITING_FOR in request.session:
            return redirect("accounts_waiting")
        response: HttpResponseBase = super().handle_no_permission(request, view_func)  # type: ignore[misc]
        return response
