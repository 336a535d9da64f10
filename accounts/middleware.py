"""Pages are closed unless a view says otherwise."""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from auditlog.middleware import AuditlogMiddleware
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


class AuditMiddleware(AuditlogMiddleware):
    """auditlog's, with the address as allauth finds it: a header that the visitor wrote counts for nothing."""

    @staticmethod
    def _get_remote_addr(request: HttpRequest) -> Any:
        return get_adapter(request).get_client_ip(request)

    @staticmethod
    def _get_remote_port(request: HttpRequest) -> None:
        return None
