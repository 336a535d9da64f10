"""Programs, enrollments and events in the admin. Every write goes through a service of this room."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenant_admin import ReadOnlyInline, TenantAdmin
from common.errors import PortalError
from events import services
from events.models import Enrollment, Event, Nomination, Program, ProgramVersion
from events.rules import rule_names
from events.services.changes import check_span
from organizations.models import Distributor

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


class LocalTimesAdmin(TenantAdmin):
    """Times on the clock of the user's distributor; a service's refusal is a message, never a fault."""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._on_local_clock(request, super().changelist_view, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._on_local_clock(request, super().changeform_view, *args, **kwargs)

    def _on_local_clock(self, request: HttpRequest, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        tenant = Distributor.objects.filter(pk=getattr(request.user, "tenant_id", None) or 0).first()
        with timezone.override(tenant.zone if tenant else None):
            try:
                response = view(request, *args, **kwargs)
            except PortalError as refusal:
                self.message_user(request, str(refusal), level=messages.ERROR)
                return self._back_to_list()
            # A lazy response would be rendered after the clock is put back.
            return response.render() if hasattr(response, "render") else response

    def _back_to_list(self) -> HttpResponse:
        return redirect(reverse(f"admin:events_{self.model._meta.model_name}_changelist"))

    def _each(self, request: HttpRequest, queryset: QuerySet[Any], word: str, act: Callable[[Any], object]) -> None:
        """Runs a service for each row; what was refused is said row by row."""
        done = 0
        for row in queryset:
            label = str(row)
            try:
                act(row)
            except PortalError as refusal:
                self.message_user(request, f"{label}: {refusal}", level=messages.ERROR)
                continue
            if row.pk is not None:
                self.log_change(request, row, word)
            done += 1
        if done:
            self.message_user(request, _("Done for %(count)d.") % {"count": done})


@admin.register(Program)
class ProgramAdmin(LocalTimesAdmin):
    """Programs. Their terms change by publishing a version, never in place."""

    form = ProgramForm
    list_display = ["name", "distributor", "is_open"]
    list_select_related = ["distributor"]
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
        version, is_new = services.publish_version(program=obj, terms=form.terms)
        if is_new and change:
            self.message_user(
                request,
                _("Version %(number)d is in force. Events that exist keep theirs.") % {"number": version.number},
            )


class NominationInline(ReadOnlyInline):
    """The figures that the meter promised, as they came in."""

    model = Nomination
    fields = ["kw", "valid_from", "source"]


class EnrollmentForm(forms.ModelForm):  # type: ignore[type-arg]
    """A meter in a program, and what it promises from now on."""

    kw = forms.DecimalField(
        label=_("Nominated kW"),
        min_value=0,
        max_digits=10,
        decimal_places=3,
        required=False,
        help_text=_("Empty: the figure of the meter list. A new figure counts from now on."),
    )

    class Meta:
        model = Enrollment
        fields = ["program", "meter"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        meter = cleaned.get("meter")
        if meter is not None and cleaned.get("kw") is None and meter.contracted_kw is None:
            self.add_error("kw", _("Say how many kW the meter promises; the meter list does not."))
        return cleaned


@admin.register(Enrollment)
class EnrollmentAdmin(LocalTimesAdmin):
    """Enrollments with their nominations."""

    form = EnrollmentForm
    list_display = ["meter", "program", "enrolled_at", "ended_at"]
    list_select_related = ["meter", "program"]
    list_filter = ["ended_at"]
    search_fields = ["meter__number", "meter__name"]
    inlines = [NominationInline]
    actions = ["end"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not self.has_add_permission(request):
            return False
        visible = Enrollment.objects.visible_to(request.user)  # type: ignore[arg-type]
        return obj is None or visible.filter(pk=obj.pk).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # an enrollment ends; settled events rest on it

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        may = self.has_add_permission(request)
        return ["program", "meter", *(["enrolled_at", "ended_at"] if obj else []), *(["kw"] if may else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["program", "meter", "enrolled_at", "ended_at"] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Enrollment, form: Any, change: bool) -> None:
        """Enrolls the meter, or notes the new figure."""
        source = _("Administration, %(who)s") % {"who": request.user.email}  # type: ignore[union-attr]
        kw = form.cleaned_data["kw"]
        if not change:
            made = services.enroll(program=obj.program, meter=obj.meter, kw=kw, source=source[:80])
            obj.pk = made.pk
        elif kw is not None:
            services.nominate(enrollment=obj, kw=kw, source=source[:80])

    @admin.action(description=_("End the enrollment"), permissions=["change"])
    def end(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        self._each(request, queryset, "ended", lambda row: services.end_enrollment(enrollment=row))


class NewEventForm(forms.ModelForm):  # type: ignore[type-arg]
    """A draft of an event."""

    class Meta:
        model = Event
        fields = ["program", "start", "end"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        program, start, end = (cleaned.get(name) for name in self.Meta.fields)
        if program is None or start is None or end is None:
            return cleaned
        if not program.versions.exists():
            self.add_error("program", _("This program has no terms yet."))
        if start <= timezone.now():
            self.add_error("start", _("The start must be in the future."))
        try:
            check_span(program, start, end)
        except PortalError as refusal:
            self.add_error(None, str(refusal))
        return cleaned


@admin.register(Event)
class EventAdmin(LocalTimesAdmin):
    """Events: a new one is a draft, its state changes by actions."""

    form = NewEventForm
    list_display = ["__str__", "state", "start", "end", "notified_at"]
    list_select_related = ["program__distributor"]
    list_filter = ["state"]
    actions = ["schedule", "notify", "cancel", "remove"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # see the action: it asks the service whether anybody was told

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        state = ["version", "state", "modification_number", "created_by", "created_at", "notified_at"]
        return ["program", "start", "end", *(state if obj is not None else [])]

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Makes the draft."""
        assert isinstance(request.user, User)
        made = services.create_event(program=obj.program, start=obj.start, end=obj.end, by=request.user)
        obj.pk = made.pk

    @admin.action(description=_("Schedule: fix who takes part"), permissions=["change"])
    def schedule(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self._each(request, queryset, "scheduled", lambda row: services.schedule_event(event=row, by=_by(request)))

    @admin.action(description=_("Announce: tell everybody who takes part"), permissions=["change"])
    def notify(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self._each(request, queryset, "announced", lambda row: services.notify_event(event=row, by=_by(request)))

    @admin.action(description=_("Cancel"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self._each(request, queryset, "cancelled", lambda row: services.cancel_event(event=row, by=_by(request)))

    @admin.action(description=_("Delete what nobody was told of"), permissions=["change"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        self._each(request, queryset, "deleted", lambda row: services.delete_event(event=row))


def _by(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
