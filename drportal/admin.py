"""The admin site: Django's own, entered through allauth, titled for the distributor."""

from functools import wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe


class PortalAdminSite(AdminSite):
    """Open to a distributor's people and to platform operators; what they see, each model admin decides."""

    site_title = site_header = _("Demand Response Portal")
    index_title = _("Administration")
    site_url = "/home"
    # allauth's log-in is the only door: Django's own would skip verification, approval and rate limits.
    login = method_decorator([login_not_required, secure_admin_login, require_safe])(AdminSite.login)

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.is_staff)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """The view, closed (403) to customers who are signed in; Django would ask them to sign in again."""
        inner = super().admin_view(view, cacheable)

        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(inner)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return inner(request, *args, **kwargs)

        return page

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Passwords change on the account page."""
        return redirect("account_change_password")
