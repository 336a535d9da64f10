"""The admin site: Django's own, entered through allauth, titled for the distributor."""

from functools import wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.attention import needs_of
from accounts.audit_words import told
from accounts.models import AuditEntry, User
from accounts.tenant_admin import TenantAdmin

NEWEST = 8
ROOMS = {
    "accounts": _("People"),
    "delivery": _("Messages and jobs"),
    "organizations": _("Organizations"),
    "meters": _("Meters"),
    "forecasting": _("Forecasts"),
    "events": _("Programs and events"),
    "settlement": _("Settlement"),
    "openadr": _("Devices"),
}
LISTS = {
    "ApiToken": _("API tokens"),
    "AuditEntry": _("History of changes"),
    "ClaimCode": _("Claim codes"),
    "Distributor": _("Distributors"),
    "Enrollment": _("Enrollments"),
    "Event": _("Events"),
    "Feeder": _("Feeders"),
    "Forecast": _("Forecasts"),
    "Invitation": _("Invitations"),
    "LedgerBatch": _("Postings"),
    "LedgerEntry": _("Ledger"),
    "Membership": _("Members"),
    "Message": _("Messages"),
    "Meter": _("Meters"),
    "MeterForecast": _("Forecasts by meter"),
    "MeterMap": _("Holders of meters"),
    "Organization": _("Organizations"),
    "OrganizationGroup": _("Groups"),
    "OrganizationRequest": _("Requests for organizations"),
    "Participation": _("Participations"),
    "Program": _("Programs"),
    "SettlementLine": _("Settlement lines"),
    "SettlementRun": _("Settlement runs"),
    "User": _("People"),
    "Ven": _("Devices (VENs)"),
    "VenCertificate": _("Certificates of devices"),
}


class PortalAdminSite(AdminSite):
    """Open to a distributor's people and to platform operators; what they see, each model admin decides."""

    site_title = site_header = _("Demand Response Portal")
    index_title = _("Administration")
    site_url = "/home"
    # allauth's log-in is the only door: Django's own would skip verification, approval and rate limits.
    login = method_decorator([login_not_required, secure_admin_login, require_safe])(AdminSite.login)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Registers what knows whose a row is; of other apps' models nobody could say who may see them.

        Among those are allauth's factors and sessions, whose rows hold what opens accounts.
        """
        if admin_class is not None and issubclass(admin_class, TenantAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What needs somebody, above the lists; and what was done last."""
        assert isinstance(request.user, User)
        newest = AuditEntry.objects.visible_to(request.user).select_related("actor", "acting_as")
        extra = {
            "shows_needs": True,
            "needs": needs_of(request.user),
            "newest": [told(entry) for entry in newest.order_by("-timestamp", "-id")[:NEWEST]],
        }
        return super().index(request, extra | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """The lists under the words that people know them by."""
        found = super().get_app_list(request, app_label)
        for app in found:
            app["name"] = ROOMS.get(app["app_label"], app["name"])
            for model in app["models"]:
                model["name"] = LISTS.get(model["object_name"], model["name"])
        return found

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
