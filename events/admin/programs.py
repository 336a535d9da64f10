"""Programs in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.tenant_admin import ReadOnlyInline
from events import services
from events.admin.clock import LocalTimesAdmin, by_of
from events.models import Program, ProgramVersion
from events.term_fields import GROUPS
from events.term_form import TermsForm
from events.terms import Terms
from organizations.models import Distributor

FIELDS = ["distributor", "name", "description", "zone_name", "is_open", "is_exclusive"]


class ProgramForm(TermsForm, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A program with its terms: other terms than those in force become a new version."""

    tenant_id: int | None = None

    class Meta:
        model = Program
        fields = FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        program = self.instance if self.instance.pk else None
        self.use(program.distributor if program else self._tenant())
        newest = program.versions.published().order_by("-number").first() if program else None
        self.show(Terms.of(newest) if newest is not None else Terms("three-day"))

    def _tenant(self) -> Distributor | None:
        """Whose new program it becomes: the user's distributor, or the one that was chosen in the form."""
        chosen = str(self.data.get("distributor", ""))
        known = self.tenant_id or (int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else 0)
        return Distributor.objects.filter(pk=known).first()


class VersionInline(ReadOnlyInline):
    """The versions, as they were published."""

    model = ProgramVersion
    fields = ["number", "preset", "rate_per_kw", "rate_per_kwh", "published_at", "sha256"]
    ordering = ["-number"]


@admin.register(Program)
class ProgramAdmin(LocalTimesAdmin):
    """Programs. Their terms change by publishing a version, never in place."""

    form = ProgramForm
    list_display = ["name", "distributor", "is_open"]
    list_select_related = ["distributor"]
    list_filter = ["is_open"]
    search_fields = ["name"]
    inlines = [VersionInline]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The program, and for those who may change it every term by its group."""
        own = FIELDS[1:] if self._is_given(request) else FIELDS
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        terms = [
            (group.title, {"fields": list(group.names), "classes": [] if group.is_common else ["collapse"]})
            for group in GROUPS
        ]
        return [(None, {"fields": own}), *(terms if may else [])]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, knowing whose own rules a new program may choose."""
        given = request.user.tenant_id if self._is_given(request) else None  # type: ignore[union-attr]  # signed in, as the page demands
        kwargs["form"] = type("ProgramForm", (ProgramForm,), {"tenant_id": given})
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whether it is exclusive is fixed once a meter is in it."""
        fixed = ["is_exclusive"] if obj is not None and obj.enrollments.exists() else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # events and rewards rest on it; close it instead

    def save_model(self, request: HttpRequest, obj: Program, form: Any, change: bool) -> None:
        """Saves the program and publishes its terms if they are others."""
        super().save_model(request, obj, form, change)
        with self.deed_of(request, "terms"):
            version, is_new = services.publish_version(program=obj, terms=form.terms, by=by_of(request))
        if is_new and change:
            self.message_user(
                request,
                _("Version %(number)d is in force. Events that exist keep theirs.") % {"number": version.number},
            )
