"""Feeders and meters in the admin."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.exchange import ImportAdmin
from accounts.exchange.files import csv_answer
from accounts.tenant_admin import VisibleRelatedFilter, run_each
from meters.attention import silent
from meters.errors import MeterRefused
from meters.models import Feeder, Meter
from meters.resources import FeederResource, MeterResource
from meters.services import CODE_COLUMNS, code_rows, issue_claim_codes, withdraw_claim_code
from meters.services.retire import retire_meter, return_meter

DAY = timedelta(days=1)


@admin.register(Feeder)
class FeederAdmin(ImportAdmin):
    """Feeders."""

    resource_class = FeederResource
    list_display = ["name", "distributor", "size"]
    list_select_related = ["distributor"]
    ordering = ["name", "pk"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(size=Count("meters"))

    @admin.display(description=_("meters"), ordering="size")
    def size(self, feeder: Any) -> int:
        return int(feeder.size)


class SilentFilter(admin.SimpleListFilter):
    """Meters in service that have said nothing for a day."""

    title = _("readings")
    parameter_name = "silent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("none for a day"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Meter]) -> QuerySet[Meter]:
        return silent(queryset, timezone.now() - DAY) if self.value() == "yes" else queryset


@admin.register(Meter)
class MeterAdmin(ImportAdmin):
    """Meters."""

    resource_class = MeterResource
    list_display = ["number", "name", "usage_kind", "feeder", "contracted_kw", "interval_minutes", "retired_at"]
    list_select_related = ["feeder"]
    list_filter = [
        SilentFilter,
        ("retired_at", admin.EmptyFieldListFilter),
        ("feeder", VisibleRelatedFilter),
        "usage_kind",
    ]
    search_fields = ["number", "name"]
    search_help_text = _("Number or name")
    autocomplete_fields = ["feeder"]
    actions = ["retire", "return_to_service", "issue_codes", "withdraw_codes"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # Stored readings are named by their starts: another interval would change what they mean.
        fixed = ["interval_minutes"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *fixed, "retired_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # readings and rewards rest on it; it goes out of service instead

    @admin.action(description=_("Take out of service"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet[Meter]) -> None:
        run_each(self, request, queryset, lambda meter: retire_meter(meter=meter, by=_by(request)))

    @admin.action(description=_("Put back into service"), permissions=["change"])
    def return_to_service(self, request: HttpRequest, queryset: QuerySet[Meter]) -> None:
        run_each(self, request, queryset, lambda meter: return_meter(meter=meter, by=_by(request)))

    @admin.action(description=_("Issue claim codes (a file, only this once)"), permissions=["change"])
    def issue_codes(self, request: HttpRequest, queryset: QuerySet[Meter]) -> HttpResponse:
        """New codes for the meters, as a file to print from; those open before are withdrawn."""
        meters = list(queryset.select_related("distributor"))
        issued = issue_claim_codes(meters=meters, by=_by(request))
        return csv_answer("claim-codes", CODE_COLUMNS, code_rows(issued))

    @admin.action(description=_("Withdraw claim codes"), permissions=["change"])
    def withdraw_codes(self, request: HttpRequest, queryset: QuerySet[Meter]) -> None:
        run_each(self, request, queryset, lambda meter: withdraw_code(meter, _by(request)))


def _by(request: HttpRequest) -> Any:
    return request.user


def withdraw_code(meter: Meter, by: Any) -> None:
    """Withdraws the meter's open code.

    Raises:
        MeterRefused: It has none.
    """
    if not withdraw_claim_code(meter=meter, by=by):
        raise MeterRefused(gettext("This meter has no open claim code."))
