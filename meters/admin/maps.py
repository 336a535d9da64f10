"""Who holds which meter, in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, Kind
from accounts.tenant_admin import TenantAdmin
from meters.models import MeterMap


@admin.register(MeterMap)
class MeterMapAdmin(TenantAdmin):
    """Who holds which meter."""

    list_display = ["meter", "entity", "valid_from", "valid_to"]
    list_select_related = ["meter", "entity__as_user", "entity__as_organization", "entity__as_distributor"]
    list_filter = ["holder_kind", ("valid_to", admin.EmptyFieldListFilter), "valid_from"]
    search_fields = ["meter__number", "meter__name", "entity__as_user__email", "entity__as_organization__name"]
    search_help_text = _("Meter, or its holder")
    fields = ["entity", "meter", "valid_from", "valid_to"]
    autocomplete_fields = ["meter"]
    ordering = ["meter__number", "-valid_from"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "entity":
            kwargs["queryset"] = _holders(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a map is ended by its date


def _holders(request: HttpRequest) -> Any:
    entities = Entity.objects.exclude(kind=Kind.DISTRIBUTOR).select_related("as_user", "as_organization")
    user: Any = request.user
    return entities if user.is_superuser else entities.filter(tenant_id=user.tenant_id)
