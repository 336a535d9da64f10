"""Claim codes in the admin: that there is one, never which."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.tenant_admin import ReadOnlyAdmin, run_each
from meters.admin.register import withdraw_code
from meters.models import ClaimCode


@admin.register(ClaimCode)
class ClaimCodeAdmin(ReadOnlyAdmin):
    """Claim codes. They are issued from the list of meters and withdrawn here."""

    list_display = ["meter", "valid_from", "issued_at", "issued_by", "expires_at", "used_at", "withdrawn_at"]
    list_select_related = ["meter__distributor", "issued_by"]
    list_filter = [
        ("used_at", admin.EmptyFieldListFilter),
        ("withdrawn_at", admin.EmptyFieldListFilter),
        "expires_at",
    ]
    search_fields = ["meter__number", "meter__name"]
    search_help_text = _("Number or name of the meter")
    ordering = ["-issued_at", "-id"]
    fields = ["meter", "valid_from", "issued_at", "issued_by", "expires_at", "used_at", "used_by", "withdrawn_at"]
    actions = ["withdraw"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Who may run the action."""
        return super(ReadOnlyAdmin, self).has_add_permission(request)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return "digest" not in lookup and super().lookup_allowed(lookup, value, request)

    @admin.action(description=_("Withdraw"), permissions=["manage"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[ClaimCode]) -> None:
        rows = queryset.select_related("meter__distributor")
        run_each(self, request, rows, lambda code: withdraw_code(code.meter, request.user))
