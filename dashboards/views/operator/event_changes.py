"""Changing and calling off an event that people may know of."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from common.errors import PortalError
from common.intervals import AmbiguousTime, MissingTime, resolve_local
from common.speech import hour_words
from dashboards.operator_facts import events as listing
from dashboards.operator_facts.wanted_time import wanted_span, wanted_words
from dashboards.views.operator.event_builder import managed_event
from dashboards.views.operator.scope import Scope, operator_page
from events.models import Event, EventState
from events.services import (
    agree_to_cancel,
    ask_to_cancel,
    cancel_event,
    cancel_in_emergency,
    change_event,
    end_now,
    keep_running,
)
from settlement.forecast_reach import unpaid_words

OPEN = (EventState.DRAFT, EventState.SCHEDULED, EventState.NOTIFIED, EventState.ACTIVE)


class NewTimeForm(forms.Form):
    """Start and end on the program's clock. Of a running event only the end is asked."""

    start = forms.DateTimeField(
        label=_("Start"), widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    end = forms.DateTimeField(
        label=_("End"), widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        zone = event.program.zone
        wanted = wanted_span(event) or (event.start, event.end)
        super().__init__(*args, **kwargs)
        self.initial = {name: at.astimezone(zone) for name, at in zip(("start", "end"), wanted, strict=True)}
        self.event = event
        if event.state == EventState.ACTIVE:
            del self.fields["start"]

    def clean(self) -> dict[str, Any]:
        """Both as instants; a running event keeps its start."""
        cleaned = self.cleaned_data
        for name in ("start", "end"):
            if name in cleaned:
                cleaned[name] = self._instant(name, cleaned[name])
        cleaned.setdefault("start", self.event.start)
        return cleaned

    def _instant(self, name: str, moment: Any) -> Any:
        try:
            return resolve_local(moment.replace(tzinfo=None), self.event.program.zone)
        except MissingTime:
            self.add_error(name, _now("The clock skips this time on that day. Choose another one."))
        except (AmbiguousTime, OverflowError):
            self.add_error(name, _now("The clock shows this time twice on that day. Choose another one."))
        return None


@require_http_methods(["GET", "POST"])
@operator_page
def event_change(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """A new time for an event; whoever was told is told again."""
    event = managed_event(scope, pk)
    if event.state not in OPEN:
        messages.error(request, _now("The event is over or was called off; its time is fixed."))
        return redirect("operator_event", pk=pk)
    with timezone.override(event.program.zone):
        form = NewTimeForm(request.POST or None, event=event)
        if request.method == "POST" and form.is_valid() and _change(request, scope, event, form):
            return redirect("operator_event", pk=pk)
        context = {
            "scope": scope, "event": event, "name": listing.event_name(event), "form": form,
            "wanted": wanted_words(event, scope.user),
        }  # fmt: skip
        return render(request, "dashboards/operator/event_change.html", context)


def _change(request: HttpRequest, scope: Scope, event: Event, form: NewTimeForm) -> bool:
    said = form.cleaned_data
    try:
        changed = change_event(event=event, start=said["start"], end=said["end"], by=scope.user)
    except PortalError as refusal:
        form.add_error(None, str(refusal))
        return False
    told = changed.notified_at is not None
    messages.success(request, _now("Changed. Whoever was told is told again.") if told else _now("Changed."))
    unpaid = unpaid_words(event=changed) if told else ""
    if unpaid:
        messages.warning(request, unpaid)
    return True


@require_http_methods(["GET", "POST"])
@operator_page
def event_cancel(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Calling an event off, with a reason for people to read; a running one needs two people, or an emergency.

    Beside it a running one can be ended now, which pays what was saved.
    """
    event = managed_event(scope, pk)
    if event.state not in OPEN:
        messages.error(request, _now("The event is over or was called off already."))
        return redirect("operator_event", pk=pk)
    error = _cancel(request, scope, event) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect("operator_event", pk=pk)
    asked = event.cancel_requests.open().select_related("asked_by").first()
    context = {
        "scope": scope,
        "event": event,
        "name": listing.event_name(event),
        "asked": asked,
        "is_mine": asked is not None and asked.asked_by_id == scope.user.pk,
        "is_running": event.state == EventState.ACTIVE,
        "end": hour_words(event.end.astimezone(event.program.zone), minutes=True),
        "needs_two": event.state == EventState.ACTIVE and not event.is_test,
        "error": error,
        "reason": request.POST.get("reason", "")[:300],
    }
    return render(request, "dashboards/operator/event_cancel.html", context)


def _cancel(request: HttpRequest, scope: Scope, event: Event) -> str:
    """What refused it; empty when it is done."""
    action, reason = request.POST.get("action", ""), request.POST.get("reason", "").strip()
    asked = event.cancel_requests.open().first()
    if not reason and action in ("", "cancel", "ask", "emergency"):
        return _now("Give a reason; people will read it.")
    try:
        if action in ("agree", "keep"):
            if asked is None:
                return _now("The request was answered already.")
            done = agree_to_cancel if action == "agree" else keep_running
            done(request=asked, by=scope.user)
        elif action == "ask":
            ask_to_cancel(event=event, by=scope.user, reason=reason)
        elif action == "end":
            end_now(event=event, by=scope.user)
        elif action == "emergency":
            cancel_in_emergency(event=event, by=scope.user, reason=reason)
        else:
            cancel_event(event=event, by=scope.user, reason=reason)
    except PortalError as refusal:
        return str(refusal)
    messages.success(request, _cancel_words().get(action, _now("Cancelled. Whoever was told is told now.")))
    return ""


def _cancel_words() -> dict[str, str]:
    return {
        "ask": _now("Asked. The event goes on until another admin agrees."),
        "keep": _now("The event goes on."),
        "end": _now("It ends with the interval that runs now. Whoever was told is told of the new end."),
    }
