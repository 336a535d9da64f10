"""Enrollments in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.exchange import ImportAdmin
from accounts.models import User
from accounts.tenant_admin import ReadOnlyInline, ReasonForm, VisibleRelatedFilter, actor, run_each
from accounts.tenant_admin.action_form import reason_of
from events import services
from events.admin.clock import LocalTimesAdmin
from events.gate_words import gate_words
from events.models import Consent, Enrollment, Nomination, OptSchedule
from events.resources import EnrollmentResource
from events.wish_words import wish_words

STATE = ["state", "applied_at", "applied_by", "enrolled_at", "ended_at", "decided_at", "reason", "readings", "wishes"]


class NominationInline(ReadOnlyInline):
    """The figures that the meter promised, as they came in."""

    model = Nomination
    fields = ["kw", "valid_from", "source"]


class ConsentInline(ReadOnlyInline):
    """Which terms were agreed to, by whom."""

    model = Consent
    fields = ["version", "given_by", "given_at", "terms_sha256"]


class EnrollmentForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
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
        program = cleaned.get("program")
        needs = program is not None and services.needs_nomination(
            program.versions.published().order_by("-number").first()
        )
        if needs and meter is not None and cleaned.get("kw") is None and meter.contracted_kw is None:
            self.add_error("kw", _("Say how many kW the meter promises; the meter list does not."))
        return cleaned


@admin.register(Enrollment)
class EnrollmentAdmin(LocalTimesAdmin, ImportAdmin):
    """Enrollments with their nominations."""

    resource_class = EnrollmentResource
    form = EnrollmentForm
    list_display = ["meter", "program", "state", "enrolled_at", "ended_at"]
    list_select_related = ["meter", "program"]
    list_filter = ["state", ("ended_at", admin.EmptyFieldListFilter), ("program", VisibleRelatedFilter), "enrolled_at"]
    search_fields = ["meter__number", "meter__name"]
    search_help_text = _("Number or name of the meter")
    ordering = ["program__name", "meter__number"]
    autocomplete_fields = ["program", "meter"]
    inlines = [NominationInline, ConsentInline]
    actions = ["approve", "refuse", "pause", "resume", "end"]
    action_form = ReasonForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not self.has_add_permission(request):
            return False
        visible = Enrollment.objects.visible_to(request.user)  # type: ignore[arg-type]  # signed in, as the page demands
        return obj is None or visible.filter(pk=obj.pk).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # an enrollment ends; settled events rest on it

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        may = self.has_add_permission(request)
        return ["program", "meter", *(STATE if obj else []), *(["kw"] if may else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["program", "meter", *STATE] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Enrollment, form: Any, change: bool) -> None:
        """Enrolls the meter, or notes the new figure."""
        assert isinstance(request.user, User)
        source = services.said_by(str(_("Administration")), request.user)
        kw = form.cleaned_data["kw"]
        with self.deed_of(request, "change" if change else "add"):
            self._enroll(obj, kw, source[:80], change)

    def _enroll(self, obj: Enrollment, kw: Any, source: str, change: bool) -> None:
        if not change:
            made = services.enroll(program=obj.program, meter=obj.meter, kw=kw, source=source)
            obj.pk = made.pk
        elif kw is not None:
            services.nominate(enrollment=obj, kw=kw, source=source)

    @admin.display(description=_("readings"))
    def readings(self, obj: Enrollment) -> str:
        """What the data gate found."""
        return gate_words(obj.gate) or "–"

    @admin.display(description=_("standing wishes"))
    def wishes(self, obj: Enrollment) -> str:
        """What its holder said once and for all, in the words that the holder reads."""
        rows = OptSchedule.objects.lasting().filter(Q(program=None) | Q(program=obj.program_id), meter=obj.meter_id)
        return " ".join(f"“{wish_words(row, obj.program.name if row.program_id else '')}”" for row in rows) or "–"

    @admin.action(description=_("Let in"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        by, why = actor(request), reason_of(request)
        run_each(self, request, queryset, lambda row: services.approve_enrollment(enrollment=row, by=by, reason=why))

    @admin.action(description=_("Refuse, with a reason"), permissions=["change"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        by, why = actor(request), reason_of(request)
        run_each(self, request, queryset, lambda row: services.refuse_enrollment(enrollment=row, by=by, reason=why))

    @admin.action(description=_("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        run_each(self, request, queryset, lambda row: services.pause_enrollment(enrollment=row, by=actor(request)))

    @admin.action(description=_("Go on"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        run_each(self, request, queryset, lambda row: services.resume_enrollment(enrollment=row, by=actor(request)))

    @admin.action(description=_("End the enrollment"), permissions=["change"])
    def end(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        with self.deed_of(request, "end"):
            run_each(self, request, queryset, lambda row: services.end_enrollment(enrollment=row))
