"""Imports of readings in the admin: to read. Their own pages act on them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.tenant_admin import ReadOnlyAdmin
from meters.models import ImportBatch


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """Imports."""

    list_display = ["file_name", "state", "source", "organization", "size_bytes", "created_at", "created_by"]
    list_select_related = ["organization", "created_by"]
    list_filter = ["state", "source", "created_at"]
    search_fields = ["file_name", "sha256"]
    search_help_text = _("Name of the file, or its SHA-256")
    ordering = ["-created_at", "-id"]
    fields = [
        "file_name", "state", "source", "organization", "format", "size_bytes", "sha256", "options", "failure",
        "created_at", "created_by", "stored_at", "stored_by", "undo_asked_at", "undo_asked_by", "undo_reason",
        "undone_at", "undone_by",
    ]  # fmt: skip
