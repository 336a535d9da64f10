"""VENs in the admin: looked at, renewed and revoked; they are enrolled on their page or by `manage.py ven`."""

import io
import zipfile
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts.tenant_admin import ReadOnlyAdmin, ReadOnlyInline, ReasonForm, actor, run_each
from accounts.tenant_admin.action_form import reason_of
from openadr.errors import EnrollRefused
from openadr.models import Resource, Ven, VenCertificate
from openadr.services.enrolling import Enrolled, revoke_certificate, revoke_ven, rotate_certificate

MOST_REASON = 200


class CertificateInline(ReadOnlyInline):
    """Which certificates speak for it."""

    model = VenCertificate
    fields = readonly_fields = ("fingerprint", "subject", "valid_from", "valid_to", "is_ours", "revoked_at")


class ResourceInline(ReadOnlyInline):
    """What it speaks for."""

    model = Resource
    fields = readonly_fields = ("name", "meter", "is_source", "ended_at")


class RevokeForm(ReasonForm):
    """An action, and why."""

    reason = forms.CharField(label=_("Reason, if you revoke:"), required=False, max_length=MOST_REASON)


@admin.register(Ven)
class VenAdmin(ReadOnlyAdmin):
    """Devices that speak OpenADR. What changes one, a service does."""

    list_display = ["name", "ven_id", "owner", "state", "must_sign", "is_lenient", "registered_at"]
    list_select_related = ["owner__as_user", "owner__as_organization", "owner__as_distributor"]
    list_filter = ["state", "must_sign", "is_lenient", "registered_at"]
    search_fields = ["name", "ven_id"]
    search_help_text = _("Name or venID")
    ordering = ["name", "pk"]
    fields = [
        "name", "ven_id", "distributor", "owner", "state", "created_at", "created_by", "registered_at", "revoked_at",
        "revoke_reason", "must_sign", "is_lenient", "poll_seconds",
    ]  # fmt: skip
    inlines = [CertificateInline, ResourceInline]
    action_form = RevokeForm
    actions = ["rotate", "revoke"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Who may run the actions."""
        return super(ReadOnlyAdmin, self).has_add_permission(request)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return ()

    @admin.action(description=_("New certificate of one device (a file, only this once)"), permissions=["manage"])
    @sensitive_variables()
    def rotate(self, request: HttpRequest, queryset: QuerySet[Ven]) -> HttpResponse | None:
        """Certificate, key and configuration as a file; the old certificate stays good for a week."""
        vens = list(queryset[:2])
        if len(vens) != 1:
            self.message_user(request, gettext("Choose one device."), level=messages.ERROR)
            return None
        try:
            enrolled = rotate_certificate(ven=vens[0], by=actor(request))
        except EnrollRefused as refusal:
            self.message_user(request, str(refusal), level=messages.ERROR)
            return None
        return _download(enrolled)

    @admin.action(description=_("Revoke for good"), permissions=["manage"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Ven]) -> None:
        why = reason_of(request)[:MOST_REASON]
        if not why:
            words = gettext("Say why it is revoked: whoever looks for the device later reads it.")
            self.message_user(request, words, level=messages.ERROR)
            return
        run_each(self, request, queryset, lambda ven: revoke_ven(ven=ven, reason=why, by=actor(request)))


@admin.register(VenCertificate)
class VenCertificateAdmin(ReadOnlyAdmin):
    """Certificates of all devices: which run out next, and those of which a key was lost."""

    list_display = ["ven", "subject", "valid_to", "is_ours", "revoked_at", "fingerprint"]
    list_select_related = ["ven"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter), "is_ours", "valid_to"]
    search_fields = ["ven__name", "fingerprint", "subject"]
    search_help_text = _("Device, subject or SHA-256")
    ordering = ["valid_to", "pk"]
    fields = ["ven", "fingerprint", "subject", "valid_from", "valid_to", "is_ours", "created_at", "revoked_at"]
    actions = ["revoke"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        """Who may run the actions."""
        return super(ReadOnlyAdmin, self).has_add_permission(request)

    @admin.action(description=_("Revoke"), permissions=["manage"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[VenCertificate]) -> None:
        rows = queryset.select_related("ven")
        run_each(self, request, rows, lambda row: revoke_certificate(certificate=row, by=actor(request)))


def _download(enrolled: Enrolled) -> HttpResponse:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in enrolled.files.items():
            bundle.writestr(name, text)
    answer = HttpResponse(packed.getvalue(), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="ven-{enrolled.ven.pk}.zip"'
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
