"""Runs, their lines and the ledger in the admin: to read. Services write them, once."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenant_admin import ReadOnlyAdmin
from settlement.models import LedgerBatch, LedgerEntry, SettlementLine, SettlementRun


@admin.register(SettlementRun)
class SettlementRunAdmin(ReadOnlyAdmin):
    """Runs."""

    list_display = ["event", "number", "kind", "preset", "created_at", "created_by"]
    list_select_related = ["event__program__distributor", "created_by"]
    list_filter = ["kind", "preset", "created_at"]
    search_fields = ["event__program__name"]
    search_help_text = _("Name of the program")
    ordering = ["-created_at", "-id"]
    fields = ["event", "number", "kind", "preset", "created_at", "created_by", "rule_sha256", "inputs_sha256"]


@admin.register(SettlementLine)
class SettlementLineAdmin(ReadOnlyAdmin):
    """Lines."""

    list_display = ["meter", "run", "kind", "status", "event_wh", "delivered_wh", "nomination_kw", "credit"]
    list_select_related = ["meter", "run__event__program__distributor"]
    list_filter = ["status", "kind", "run__created_at"]
    search_fields = ["meter__number", "meter__name"]
    search_help_text = _("Number or name of the meter")
    ordering = ["-run_id", "meter__number", "kind"]
    fields = [
        "run", "meter", "holder_id", "kind", "status", "baseline_wh", "event_wh", "performance_wh", "delivered_wh",
        "nomination_kw", "performance_factor", "credit", "demand_savings", "trace",
    ]  # fmt: skip
    readonly_fields = ["holder_id"]


@admin.register(LedgerBatch)
class LedgerBatchAdmin(ReadOnlyAdmin):
    """Postings, each a link of its distributor's chain."""

    list_display = ["distributor", "number", "run", "posted_at", "sha256"]
    list_select_related = ["distributor", "run__event__program__distributor"]
    list_filter = ["posted_at"]
    search_fields = ["sha256"]
    search_help_text = _("Hash of the batch")
    ordering = ["-posted_at", "-id"]
    fields = ["distributor", "number", "run", "posted_at", "sha256", "previous_sha256"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return _of_tenant(request, LedgerBatch.objects.all())

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return ()


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    """Entries."""

    list_display = ["batch_number", "account", "holder_id", "amount", "key"]
    list_select_related = ["batch"]
    list_filter = ["account", "batch__posted_at"]
    ordering = ["-id"]
    search_fields = ["key"]
    search_help_text = _("Key of the entry")
    fields = ["batch_number", "account", "holder_id", "line", "amount", "key"]
    readonly_fields = ["batch_number", "holder_id"]

    @admin.display(description=_("batch"), ordering="batch__number")
    def batch_number(self, entry: LedgerEntry) -> int:
        return entry.batch.number


def _of_tenant(request: HttpRequest, batches: QuerySet[LedgerBatch]) -> QuerySet[LedgerBatch]:
    assert isinstance(request.user, User)
    if request.user.is_superuser and request.user.is_approved:
        return batches
    return batches.filter(distributor=request.user.tenant_id or 0) if request.user.is_staff else batches.none()
