"""The admin site: Django's own, entered through allauth, titled for the distributor."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _


class PortalAdminSite(AdminSite):
    """Open to a distributor's people and to platform operators; what they see, each model admin decides."""

    site_title = site_header = _("Demand Response Portal")
    index_title = _("Administration")
    site_url = "/home"
    # allauth's log-in is the only door: Django's own would skip verification, approval and rate limits.
    login = secure_admin_login(AdminSite.login)  # type: ignore[assignment]

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.is_staff)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_change_password")
