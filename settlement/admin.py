"""Runs, their lines and the ledger in the admin: to read. Services write them, once."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenant_admin import ReadOnlyAdmin, TenantAdmin
from settlement.models import (
    Adjustment,
    BaselineRule,
    Dispute,
    IntegrityFlag,
    LedgerBatch,
    LedgerEntry,
    MonthDecision,
    MonthLine,
    MonthRun,
    PlaceboReport,
    RunDecision,
    SettlementLine,
    SettlementRun,
    SheetReading,
)
from settlement.rule_form import BaselineRuleForm


@admin.register(BaselineRule)
class BaselineRuleAdmin(TenantAdmin):
    """Rules of a distributor's own; what published terms use stays as it is."""

    form = BaselineRuleForm
    list_display = ["name", "description", "created_at", "sha256"]
    search_fields = ["name"]
    ordering = ["name"]
    readonly_fields = ["sha256"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The rule's own fields where they can be changed, else its text."""
        own = ["name", "description"] if self._is_given(request) else ["distributor", "name", "description"]
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if not may:
            return [*own, "data", "sha256"]
        rule = [name for name in BaselineRuleForm.base_fields if name not in ("distributor", "name", "description")]
        return [*own, *rule, "sha256"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Who made it stays with it."""
        if not change and isinstance(request.user, User):
            obj.created_by = request.user
        super().save_model(request, obj, form, change)


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


@admin.register(RunDecision)
class RunDecisionAdmin(ReadOnlyAdmin):
    """What people said of runs; they say it on the settlement's page."""

    list_display = ["run", "kind", "decided_by", "decided_at", "reason"]
    list_select_related = ["run__event__program__distributor", "decided_by"]
    list_filter = ["kind", "decided_at"]
    search_fields = ["run__event__program__name", "reason"]
    search_help_text = _("Name of the program, or a word of the reason")
    ordering = ["-decided_at", "-id"]
    fields = ["run", "kind", "decided_by", "decided_at", "reason"]


@admin.register(MonthRun)
class MonthRunAdmin(ReadOnlyAdmin):
    """Months of pay for standing by."""

    list_display = ["program", "month", "number", "batch", "created_at", "created_by"]
    list_select_related = ["program__distributor", "batch__distributor", "created_by"]
    list_filter = ["month"]
    search_fields = ["program__name"]
    search_help_text = _("Name of the program")
    ordering = ["-month", "-id"]
    fields = ["program", "month", "number", "batch", "created_at", "created_by", "inputs_sha256"]


@admin.register(MonthDecision)
class MonthDecisionAdmin(ReadOnlyAdmin):
    """What people said of months; they say it on the month's page."""

    list_display = ["run", "kind", "decided_by", "decided_at", "reason"]
    list_select_related = ["run__program__distributor", "decided_by"]
    list_filter = ["kind", "decided_at"]
    search_fields = ["run__program__name", "reason"]
    search_help_text = _("Name of the program, or a word of the reason")
    ordering = ["-decided_at", "-id"]
    fields = ["run", "kind", "decided_by", "decided_at", "reason"]


@admin.register(MonthLine)
class MonthLineAdmin(ReadOnlyAdmin):
    """What a month earned each meter's holder."""

    list_display = ["meter", "run", "holder_id", "factor", "credit"]
    list_select_related = ["meter", "run__program__distributor"]
    list_filter = ["run__month"]
    search_fields = ["meter__number", "meter__name"]
    search_help_text = _("Number or name of the meter")
    ordering = ["-run_id", "meter__number"]
    fields = ["run", "meter", "holder_id", "factor", "credit", "trace"]
    readonly_fields = ["holder_id"]


@admin.register(SheetReading)
class SheetReadingAdmin(ReadOnlyAdmin):
    """Sheets of the utility that were compared with a run; the event's page shows what was found."""

    list_display = ["event", "file_name", "run", "read_at", "read_by"]
    list_select_related = ["event__program__distributor", "run__event__program__distributor", "read_by"]
    list_filter = ["read_at"]
    search_fields = ["file_name", "event__program__name"]
    search_help_text = _("Name of the file or of the program")
    ordering = ["-read_at", "-id"]
    fields = ["event", "run", "file_name", "sha256", "read_at", "read_by", "result"]


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


@admin.register(PlaceboReport)
class PlaceboReportAdmin(ReadOnlyAdmin):
    """Placebo reports; their page shows what they found."""

    list_display = ["program", "first_day", "last_day", "state", "created_at", "made_by"]
    list_select_related = ["program__distributor", "made_by"]
    list_filter = ["state", "created_at"]
    search_fields = ["program__name"]
    search_help_text = _("Name of the program")
    ordering = ["-created_at", "-id"]
    fields = [
        "program", "first_day", "last_day", "hours", "presets", "state", "percent", "problem", "created_at",
        "finished_at", "made_by", "inputs_sha256",
    ]  # fmt: skip


@admin.register(IntegrityFlag)
class IntegrityFlagAdmin(ReadOnlyAdmin):
    """Integrity flags; they are decided on their page."""

    list_display = ["meter", "kind", "state", "found_at", "decided_by"]
    list_select_related = ["line__meter", "line__run__event__program__distributor", "decided_by"]
    list_filter = ["kind", "state", "found_at"]
    search_fields = ["line__meter__number"]
    search_help_text = _("Number of the meter")
    ordering = ["-found_at", "-id"]
    fields = ["meter", "line", "kind", "numbers", "found_at", "state", "decided_by", "decided_at", "note"]
    readonly_fields = ["meter"]

    @admin.display(description=_("meter"), ordering="line__meter__number")
    def meter(self, flag: IntegrityFlag) -> str:
        return flag.line.meter.number


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """Disputes; they are answered and decided on their page."""

    list_display = ["__str__", "program", "category", "state", "opened_at", "due_at", "decided_by"]
    list_select_related = ["participation__event__program__distributor", "decided_by"]
    list_filter = ["state", "category", "opened_at"]
    search_fields = ["participation__event__program__name", "participation__meter__number"]
    search_help_text = _("Name of the program or number of the meter")
    ordering = ["-opened_at", "-id"]
    fields = [
        "program", "holder_id", "line", "category", "state", "opened_by", "opened_at", "due_at", "outcome", "run",
        "decided_by", "decided_at",
    ]  # fmt: skip
    readonly_fields = ["program", "holder_id"]

    @admin.display(description=_("program"), ordering="participation__event__program__name")
    def program(self, dispute: Dispute) -> str:
        return dispute.participation.event.program.name


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnlyAdmin):
    """Adjustments; they are decided on their page."""

    list_display = ["__str__", "amount", "unit", "state", "asked_at", "asked_by", "decided_by"]
    list_select_related = ["asked_by", "decided_by"]
    list_filter = ["state", "unit", "asked_at"]
    search_fields = ["reason"]
    search_help_text = _("Reason")
    ordering = ["-asked_at", "-id"]
    fields = [
        "holder_id", "event", "line", "dispute", "amount", "unit", "reason", "state", "asked_by", "asked_at",
        "decided_by", "decided_at", "answer", "batch",
    ]  # fmt: skip
    readonly_fields = ["holder_id"]


def _of_tenant(request: HttpRequest, batches: QuerySet[LedgerBatch]) -> QuerySet[LedgerBatch]:
    assert isinstance(request.user, User)
    if request.user.is_superuser and request.user.is_approved:
        return batches
    return batches.filter(distributor=request.user.tenant_id or 0) if request.user.is_staff else batches.none()
