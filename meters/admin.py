"""Meters, feeders and meter maps in the admin. Readings are not edited: corrections are imports."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Entity, Kind
from accounts.tenant_admin import TenantAdmin, VisibleRelatedFilter
from meters.models import Feeder, Meter, MeterMap


@admin.register(Feeder)
class FeederAdmin(TenantAdmin):
    """Feeders."""

    list_display = ["name", "distributor"]
    list_select_related = ["distributor"]
    search_fields = ["name"]


@admin.register(Meter)
class MeterAdmin(TenantAdmin):
    """Meters."""

    list_display = [
        "number",
        "name",
        "usage_kind",
        "feeder",
        "contracted_kw",
        "interval_minutes",
        "retired_at",
    ]
    list_select_related = ["feeder"]
    list_filter = ["usage_kind", ("feeder", VisibleRelatedFilter)]
    search_fields = ["number", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # Stored readings are named by their starts: another interval would change what they mean.
        fixed = ["interval_minutes"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed]


@admin.register(MeterMap)
class MeterMapAdmin(TenantAdmin):
    """Who holds which meter."""

    list_display = ["meter", "entity", "valid_from", "valid_to"]
    list_select_related = ["meter", "entity__as_user", "entity__as_organization", "entity__as_distributor"]
    list_filter = ["holder_kind"]
    search_fields = ["meter__number", "meter__name"]
    fields = ["entity", "meter", "valid_from", "valid_to"]

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
