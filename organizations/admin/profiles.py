"""Distributors, organizations and groups in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.exchange import ImportAdmin
from accounts.models import User
from accounts.tenant_admin import TenantAdmin, VisibleRelatedFilter
from organizations import services
from organizations.models import Distributor, GroupMember, Organization, OrganizationGroup
from organizations.resources import GroupResource, OrganizationResource


@admin.register(Distributor)
class DistributorAdmin(TenantAdmin):
    """Distributors: made by platform operators, described by their admins."""

    list_display = ["name", "timezone", "currency", "contact_email", "host"]
    search_fields = ["name", "contact_email", "host"]
    search_help_text = _("Name, contact or host name")
    ordering = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "timezone", "currency", "holiday_calendar", "latitude", "longitude"]}),
        (_("How people reach it"), {"fields": ["contact_email", "phone", "website", "host"]}),
        (_("How it looks and writes"), {"fields": ["accent", "language", "sender_name", "sender_email"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Also the host: whoever could take any name could take that of another utility before it does."""
        names = tuple(super().get_readonly_fields(request, obj))
        return names if self.has_add_permission(request) else (*names, "host")

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return isinstance(request.user, User) and request.user.is_superuser and request.user.is_approved

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not isinstance(request.user, User) or not request.user.may_manage:
            return False
        return obj is None or Distributor.objects.managed_by(request.user).filter(pk=obj.pk).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)


@admin.register(Organization)
class OrganizationAdmin(ImportAdmin):
    """Organizations of the distributor."""

    resource_class = OrganizationResource
    list_display = ["name", "distributor", "people", "latitude", "longitude"]
    list_select_related = ["distributor"]
    list_filter = [("groups", VisibleRelatedFilter)]
    ordering = ["name", "pk"]
    fields = ["distributor", "name", "latitude", "longitude"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(people=Count("memberships", distinct=True))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Deletes it; its people are shut out and told, instead of staying as residents."""
        services.end_memberships(organization=obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for organization in queryset:
            self.delete_model(request, organization)

    @admin.display(description=_("people"), ordering="people")
    def people(self, organization: Any) -> int:
        return int(organization.people)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if not self._is_given(request) else self.fields[1:]


class GroupMemberInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    """The organizations of a group."""

    model = GroupMember
    extra = 1
    autocomplete_fields = ["organization"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "organization" and isinstance(request.user, User):
            kwargs["queryset"] = Organization.objects.visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[GroupMember]:
        return super().get_queryset(request).select_related("organization", "group")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return isinstance(request.user, User) and request.user.is_staff

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return isinstance(request.user, User) and request.user.may_manage

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)


@admin.register(OrganizationGroup)
class OrganizationGroupAdmin(ImportAdmin):
    """Groups of organizations."""

    resource_class = GroupResource
    list_display = ["name", "distributor", "size"]
    list_select_related = ["distributor"]
    ordering = ["name", "pk"]
    search_fields = ["name"]
    inlines = [GroupMemberInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(size=Count("members"))

    @admin.display(description=_("organizations"), ordering="size")
    def size(self, group: Any) -> int:
        return int(group.size)

    def export_rows(self, resource: Any, shown: Any) -> Any:
        """The organizations of the groups that the list shows."""
        return resource.get_queryset().filter(group__in=shown.order_by().values("pk")).order_by("group__name", "pk")
