"""Memberships, and people with the rules of their organization, in the admin."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin import UserAdmin
from accounts.exchange import ExportAdmin
from accounts.models import ApprovalStatus, User
from accounts.tenant_admin import ReasonForm, VisibleRelatedFilter, actor, run_each
from accounts.tenant_admin.action_form import reason_of
from organizations import services
from organizations.models import Membership
from organizations.resources import MemberResource

admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People: who belongs to an organization is approved and refused by its rules, and told."""

    list_display = [*UserAdmin.list_display[:3], "organization", *UserAdmin.list_display[3:]]
    list_select_related = ["membership__organization"]

    @admin.display(description=_("organization"), ordering="membership__organization__name")
    def organization(self, user: User) -> str:
        membership = getattr(user, "membership", None)
        return membership.organization.name if membership is not None else ""

    def decide(self, user: User, status: ApprovalStatus, by: Any) -> None:
        """As the organization's own admins would do it."""
        membership = getattr(user, "membership", None)
        if membership is None or user.pk == by.pk or user.closed_at is not None:
            super().decide(user, status, by)
        elif status == ApprovalStatus.APPROVED:
            services.approve_member(membership=membership, by=by)
        else:
            services.reject_member(membership=membership, by=by)


@admin.register(Membership)
class MembershipAdmin(ExportAdmin):
    """Who belongs where. Decisions are actions, so that rules, mails and sessions follow."""

    resource_class = MemberResource
    list_display = ["user", "organization", "role", "approval", "created_at"]
    list_select_related = ["user", "organization"]
    list_filter = ["role", "user__approval_status", ("organization__groups", VisibleRelatedFilter), "created_at"]
    search_fields = ["user__email", "user__first_name", "user__last_name", "organization__name"]
    search_help_text = _("Person or organization")
    ordering = ["organization__name", "user__email"]
    autocomplete_fields = ["user", "organization"]
    readonly_fields = ["role", "approval"]
    action_form = ReasonForm
    actions = ["approve", "reject", "promote", "demote", "remove"]

    @admin.display(description=_("approval"))
    def approval(self, membership: Membership) -> str:
        return str(membership.user.get_approval_status_display())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = ["user", "organization"]
        return names if obj is None else [*names, "role", "approval"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # removing is an action: it ends sessions and keeps an admin

    @admin.action(description=_("Approve"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._each(request, queryset, services.approve_member)

    @admin.action(description=_("Refuse"), permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._each(request, queryset, services.reject_member, reason=reason_of(request))

    @admin.action(description=_("Make admin of the organization"), permissions=["change"])
    def promote(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._each(request, queryset, services.promote_member)

    @admin.action(description=_("Make ordinary member"), permissions=["change"])
    def demote(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._each(request, queryset, services.demote_member)

    @admin.action(description=_("Remove from the organization"), permissions=["change"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._each(request, queryset, services.remove_member)

    def _each(self, request: HttpRequest, rows: QuerySet[Membership], act: Callable[..., object], **more: Any) -> None:
        run_each(self, request, rows, lambda membership: act(membership=membership, by=actor(request), **more))
