"""Failed jobs in the admin, for platform operators."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenant_admin import ReadOnlyAdmin, run_each
from delivery.jobs import mark_seen
from delivery.models import FailedJob


@admin.register(FailedJob)
class FailedJobAdmin(ReadOnlyAdmin):
    """Jobs that ended in an error, until somebody has looked at them."""

    list_display = ["at", "task", "error", "seen_at"]
    list_filter = [("seen_at", admin.EmptyFieldListFilter), "at"]
    search_fields = ["task", "error"]
    search_help_text = _("Name of the job, or words of the error")
    ordering = ["-at", "-id"]
    fields = ["task", "given", "error", "at", "seen_at"]
    actions = ["seen"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_superuser and request.user.is_approved

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)

    @admin.action(description=_("Mark as seen"))
    def seen(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        run_each(self, request, queryset, lambda job: mark_seen(job=job))
