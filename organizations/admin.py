"""Distributors, organizations, groups and memberships in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenant_admin import TenantAdmin
from common.errors import PortalError
from organizations import services
from organizations.models import Distributor, GroupMember, Membership, Organization, OrganizationGroup


@admin.register(Distributor)
class DistributorAdmin(TenantAdmin):
    """Distributors: made by platform operators, described by their admins."""

    list_display = ["name", "timezone", "currency", "contact_email"]
    fields = ["name", "timezone", "currency", "holiday_calendar", "contact_email", "latitude", "longitude"]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return isinstance(request.user, User) and request.user.is_superuser and request.user.is_approved

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not isinstance(request.user, User) or not request.user.may_manage:
            return False
        return obj is None or Distributor.objects.managed_by(request.user).filter(pk=obj.pk).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)


@admin.register(Organization)
class OrganizationAdmin(TenantAdmin):
    """Organizations of the distributor."""

    list_display = ["name", "distributor", "latitude", "longitude"]
    list_select_related = ["distributor"]
    fields = ["distributor", "name", "latitude", "longitude"]
    search_fields = ["name"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if not self._is_given(request) else self.fields[1:]


class GroupMemberInline(admin.StackedInline):  # type: ignore[type-arg]
    """The organizations of a group."""

    model = GroupMember
    extra = 1

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "organization" and isinstance(request.user, User):
            kwargs["queryset"] = Organization.objects.visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return isinstance(request.user, User) and request.user.is_staff

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return isinstance(request.user, User) and request.user.may_manage

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)


@admin.register(OrganizationGroup)
class OrganizationGroupAdmin(TenantAdmin):
    """Groups of organizations."""

    list_display = ["name", "distributor"]
    list_select_related = ["distributor"]
    inlines = [GroupMemberInline]


@admin.register(Membership)
class MembershipAdmin(TenantAdmin):
    """Who belongs where. Decisions are actions, so that rules, mails and sessions follow."""

    list_display = ["user", "organization", "role", "approval", "created_at"]
    list_select_related = ["user", "organization"]
    list_filter = ["role", "user__approval_status"]
    search_fields = ["user__email", "organization__name"]
    readonly_fields = ["role", "approval"]
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
        self._each(request, queryset, "approved", lambda member, by: services.approve_member(membership=member, by=by))

    @admin.action(description=_("Refuse"), permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._each(request, queryset, "refused", lambda member, by: services.reject_member(membership=member, by=by))

    @admin.action(description=_("Make admin of the organization"), permissions=["change"])
    def promote(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._each(request, queryset, "made admin", lambda member, by: services.promote_member(membership=member))

    @admin.action(description=_("Make ordinary member"), permissions=["change"])
    def demote(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._each(request, queryset, "made member", lambda member, by: services.demote_member(membership=member))

    @admin.action(description=_("Remove from the organization"), permissions=["change"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._each(request, queryset, "removed", lambda member, by: services.remove_member(membership=member, by=by))

    def _each(self, request: HttpRequest, queryset: QuerySet[Membership], done_word: str, act: Any) -> None:
        """Runs a service for each row; what was refused is said row by row."""
        done = 0
        for membership in queryset:
            try:
                act(membership, request.user)
            except PortalError as refusal:
                self.message_user(request, f"{membership}: {refusal}", level=messages.ERROR)
                continue
            self.log_change(request, membership, done_word)
            done += 1
        self.message_user(request, _("Done for %(count)d.") % {"count": done})
