"""Events, and who takes part, in the admin."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenant_admin import ReadOnlyAdmin, ReadOnlyInline, ReasonForm, VisibleRelatedFilter, actor, run_each
from accounts.tenant_admin.action_form import reason_of
from common.errors import PortalError
from events import services
from events.admin.clock import LocalTimesAdmin, by_of
from events.errors import BadReason
from events.models import CancelRequest, Event, EventNote, EventState, LeftOutReason, Participation
from events.selectors import targets_of
from events.services.allowance import require_calling
from events.services.changes import check_span
from events.targets import EVERYBODY

FORM = ["program", "start", "end", "note", "target_kw", "is_test"]
STATE = [
    "asks", "leaves_out", "version", "state", "modification_number", "expected_kw", "reserved", "needs_second",
    "approved_by", "approved_at", "created_by", "created_at", "notified_at", "opt_until", "cancel_reason", "draw_seed",
]  # fmt: skip
SHOWN_TARGETS = 20


class CancelReasonForm(ReasonForm):
    """An action, and why an event is called off."""

    reason = forms.CharField(label=_("Reason, if you cancel:"), required=False, max_length=300)


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A draft of an event. Whom it asks, and a preview, are on the operators' page."""

    class Meta:
        model = Event
        fields = FORM
        widgets: ClassVar[dict[str, Any]] = {"note": forms.Textarea({"rows": 3, "maxlength": 500})}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        program = cleaned.get("program") or (self.instance.program if self.instance.pk else None)
        start, end = cleaned.get("start"), cleaned.get("end")
        if program is None or start is None or end is None:
            return cleaned
        if self.instance.pk and (start, end) != (self.instance.start, self.instance.end):
            self.instance.modification_number += 1  # as the service does, without which the row would be refused
        if not program.versions.published().exists():
            self.add_error("program", _("This program has no terms yet."))
        if start <= timezone.now():
            self.add_error("start", _("The start must be in the future."))
        try:
            if not self.instance.pk:
                require_calling(program)
            check_span(program, start, end, targets_of(self.instance) if self.instance.pk else EVERYBODY)
        except PortalError as refusal:
            self.add_error(None, str(refusal))
        return cleaned


class CancelRequestInline(ReadOnlyInline):
    """Who asked to call the running event off, and what was answered."""

    model = CancelRequest
    fk_name = "event"
    fields = ["reason", "asked_by", "asked_at", "answer", "answered_by", "answered_at"]


class NoteInline(ReadOnlyInline):
    """What was written in the log."""

    model = EventNote
    fields = ["at", "by", "text"]


@admin.register(Event)
class EventAdmin(LocalTimesAdmin):
    """Events: a new one is a draft and may be edited while it is one; its state changes by actions."""

    form = DraftForm
    list_display = ["__str__", "state", "is_test", "needs_second", "start", "end", "notified_at"]
    list_select_related = ["program__distributor"]
    list_filter = ["state", "is_test", "needs_second", ("program", VisibleRelatedFilter), "start"]
    search_fields = ["program__name"]
    search_help_text = _("Name of the program")
    autocomplete_fields = ["program"]
    actions = ["schedule", "notify", "agree", "cancel", "remove"]
    action_form = CancelReasonForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or obj.state == EventState.DRAFT) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # see the action: it asks the service whether anybody was told

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*FORM, *(STATE if obj is not None else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["program", *STATE] if obj is not None else []

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return [CancelRequestInline, NoteInline] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Makes or edits the draft."""
        words = services.Words(obj.note.strip(), obj.target_kw, obj.is_test)
        said = {"start": obj.start, "end": obj.end, "words": words, "by": actor(request)}
        if change:
            services.edit_draft(event=obj, targets=targets_of(obj), **said)  # type: ignore[arg-type]  # as above
        else:
            obj.pk = services.create_event(program=obj.program, **said).pk  # type: ignore[arg-type]  # as the form gives them

    @admin.display(description=_("asks"))
    def asks(self, obj: Event) -> str:
        """The first of whom it asks, by name."""
        rows = list(obj.targets.select_related("group", "feeder", "organization", "meter")[: SHOWN_TARGETS + 1])
        if not rows:
            return gettext("everybody who is enrolled")
        names = ", ".join(str(row) for row in rows[:SHOWN_TARGETS])
        return gettext("%(names)s and more") % {"names": names} if len(rows) > SHOWN_TARGETS else names

    @admin.display(description=_("leaves out"))
    def leaves_out(self, obj: Event) -> str:
        """How many meters, by reason."""
        counts = obj.left_out.order_by("reason").values_list("reason").annotate(count=Count("pk"))
        return ", ".join(f"{count}: {LeftOutReason(reason).label}" for reason, count in counts) or "–"

    @admin.action(description=_("Schedule: fix who takes part"), permissions=["change"])
    def schedule(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        run_each(self, request, queryset, lambda row: services.schedule_event(event=row, by=by_of(request)))

    @admin.action(description=_("Announce: tell everybody who takes part"), permissions=["change"])
    def notify(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        run_each(self, request, queryset, lambda row: services.notify_event(event=row, by=by_of(request)))

    @admin.action(description=_("Agree to a draft that needs a second person"), permissions=["change"])
    def agree(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        run_each(self, request, queryset, lambda row: services.approve_event(event=row, by=actor(request)))

    @admin.action(description=_("Cancel, with a reason"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        why, by = reason_of(request), actor(request)
        run_each(self, request, queryset, lambda row: _cancel(row, by, why))

    @admin.action(description=_("Delete what nobody was told of"), permissions=["change"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        run_each(self, request, queryset, lambda row: services.delete_event(event=row, by=by_of(request)))


def _cancel(event: Event, by: User, reason: str) -> None:
    if event.notified_at is not None and not reason:
        raise BadReason(gettext("Give a reason; people will read it."))
    services.cancel_event(event=event, by=by, reason=reason)


@admin.register(Participation)
class ParticipationAdmin(ReadOnlyAdmin):
    """Who takes part in which event, and how that went. Services and the participants themselves write it."""

    list_display = ["meter", "event", "holder", "state"]
    list_select_related = [
        "meter", "event__program__distributor", "holder__as_user", "holder__as_organization", "holder__as_distributor",
    ]  # fmt: skip
    list_filter = ["state", "event__start"]
    search_fields = ["meter__number", "meter__name"]
    search_help_text = _("Number or name of the meter")
    ordering = ["-event__start", "-pk"]
    fields = ["meter", "event", "holder", "state", "answered_at", "answered_by", "answer_source"]
