"""Requests to create an organization, and invitations into one, in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.tenant_admin import ReadOnlyAdmin, ReasonForm, actor, run_each
from accounts.tenant_admin.action_form import reason_of
from organizations import services
from organizations.models import Invitation, OrganizationRequest


@admin.register(OrganizationRequest)
class OrganizationRequestAdmin(ReadOnlyAdmin):
    """Who wants to register which organization. Decided by actions, which make it and tell the person."""

    list_display = ["name", "person", "distributor", "state", "asked_at", "decided_at"]
    list_select_related = ["person", "distributor"]
    list_filter = ["state", "asked_at"]
    search_fields = ["name", "person__email"]
    search_help_text = _("Name, or address of who asks")
    ordering = ["asked_at", "pk"]
    fields = ["name", "person", "distributor", "message", "state", "asked_at", "decided_at", "reason", "organization"]
    action_form = ReasonForm
    actions = ["approve", "refuse"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Who may run the actions."""
        return super(ReadOnlyAdmin, self).has_add_permission(request)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return ()

    @admin.action(description=_("Approve: make the organization"), permissions=["manage"])
    def approve(self, request: HttpRequest, queryset: QuerySet[OrganizationRequest]) -> None:
        run_each(self, request, queryset, lambda row: services.approve_request(request=row, by=actor(request)))

    @admin.action(description=_("Refuse"), permissions=["manage"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[OrganizationRequest]) -> None:
        why = reason_of(request)
        run_each(
            self, request, queryset, lambda row: services.refuse_request(request=row, by=actor(request), reason=why)
        )


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who was invited where; the link itself is stored nowhere."""

    list_display = ["email", "organization", "invited_by", "created_at", "expires_at", "state"]
    list_select_related = ["organization", "invited_by"]
    search_fields = ["email", "organization__name"]
    search_help_text = _("Address or organization")
    ordering = ["-pk"]
    fields = ["email", "organization", "role", "invited_by", "created_at", "expires_at"]
    actions = ["withdraw"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Who may run the actions."""
        return super(ReadOnlyAdmin, self).has_add_permission(request)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return "digest" not in lookup and super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("state"))
    def state(self, invitation: Invitation) -> str:
        return str(invitation.state_at(timezone.now()).label)

    @admin.action(description=_("Withdraw"), permissions=["manage"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        run_each(self, request, queryset, lambda row: services.withdraw_invitation(invitation=row, by=actor(request)))
