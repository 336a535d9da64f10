"""Programs in the admin."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.tenant_admin import ReadOnlyInline
from common.errors import PortalError
from events import services
from events.admin.clock import LocalTimesAdmin
from events.models import Program, ProgramVersion
from events.rules import rule_names

TERMS = ["preset", "rate_per_kw", "wholesale_cost_per_kw", "holiday_calendar", "holidays"]


class ProgramForm(forms.ModelForm):  # type: ignore[type-arg]
    """A program with its terms: other terms than those in force become a new version."""

    preset = forms.ChoiceField(label=_("Baseline rule"), choices=lambda: [(name, name) for name in rule_names()])
    rate_per_kw = forms.DecimalField(label=_("Price per kW"), min_value=0, max_digits=12, decimal_places=4)
    wholesale_cost_per_kw = forms.DecimalField(
        label=_("Wholesale cost per kW"), min_value=0, max_digits=12, decimal_places=4, initial=0
    )
    holiday_calendar = forms.CharField(
        label=_("Holidays of"), max_length=10, required=False, help_text=_("Country or part of one, like US-VT.")
    )
    holidays = forms.CharField(
        label=_("Further holidays"), required=False, help_text=_("Days like 2026-07-03, with commas between.")
    )

    class Meta:
        model = Program
        fields = ["distributor", "name", "description", "zone_name", "is_open"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newest = self.instance.versions.order_by("-number").first() if self.instance.pk else None
        if newest is not None:
            self.initial.update({name: getattr(newest, name) for name in TERMS[:-1]})
            self.initial["holidays"] = ", ".join(newest.holidays)

    def clean_holidays(self) -> tuple[date, ...]:
        texts = [text.strip() for text in self.cleaned_data["holidays"].split(",") if text.strip()]
        try:
            return tuple(date.fromisoformat(text) for text in texts)
        except ValueError:
            raise forms.ValidationError(_("Write days like 2026-07-03, with commas between.")) from None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if all(name in cleaned for name in TERMS):
            try:
                self.terms = services.Terms(**{name: cleaned[name] for name in TERMS})
            except PortalError as refusal:
                self.add_error(None, str(refusal))
        return cleaned


class VersionInline(ReadOnlyInline):
    """The versions, as they were published."""

    model = ProgramVersion
    fields = ["number", *TERMS, "created_at"]
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

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        names = ["distributor", "name", "description", "zone_name", "is_open"]
        own = names[1:] if self._is_given(request) else names
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return [*own, *TERMS] if may else own

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # events and rewards rest on it; close it instead

    def save_model(self, request: HttpRequest, obj: Program, form: Any, change: bool) -> None:
        """Saves the program and publishes its terms if they are others."""
        super().save_model(request, obj, form, change)
        with self.deed_of(request, "terms"):
            version, is_new = services.publish_version(program=obj, terms=form.terms)
        if is_new and change:
            self.message_user(
                request,
                _("Version %(number)d is in force. Events that exist keep theirs.") % {"number": version.number},
            )
