"""Events, and who takes part, in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tenant_admin import ReadOnlyAdmin, VisibleRelatedFilter, run_each
from common.errors import PortalError
from events import services
from events.admin.clock import LocalTimesAdmin, by_of
from events.models import Event, Participation
from events.services.changes import check_span


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
    list_filter = ["state", ("program", VisibleRelatedFilter), "start"]
    search_fields = ["program__name"]
    search_help_text = _("Name of the program")
    autocomplete_fields = ["program"]
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
        run_each(self, request, queryset, lambda row: services.schedule_event(event=row, by=by_of(request)))

    @admin.action(description=_("Announce: tell everybody who takes part"), permissions=["change"])
    def notify(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        run_each(self, request, queryset, lambda row: services.notify_event(event=row, by=by_of(request)))

    @admin.action(description=_("Cancel"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        run_each(self, request, queryset, lambda row: services.cancel_event(event=row, by=by_of(request)))

    @admin.action(description=_("Delete what nobody was told of"), permissions=["change"])
    def remove(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        run_each(self, request, queryset, lambda row: services.delete_event(event=row, by=by_of(request)))


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
    fields = ["meter", "event", "holder", "state"]
