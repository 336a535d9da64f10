"""Events: the list, a new one, and one in full with what may be done to it."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from common.errors import PortalError
from common.speech import hour_words
from dashboards.operator_facts import event as facts
from dashboards.operator_facts import events as listing
from dashboards.operator_facts import selection
from dashboards.operator_facts.event_calendar import calendar_of
from dashboards.views.operator.meters import chosen_meters
from dashboards.views.operator.scope import Scope, operator_page
from dashboards.views.operator.settlement import begun_words
from events.models import Event, EventState, Program
from events.services import cancel_event, notify_event, schedule_event, start_now
from settlement.baselines import BaselineError
from settlement.forecast_reach import unpaid_words, unreached_words
from settlement.models import SettlementRun
from settlement.services import write_csv
from settlement.services.background import settle_or_begin

PER_PAGE = 25


@require_GET
@operator_page
def events(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The distributor's events, those to come first, by state, program, and whether they are tests."""
    state, program = request.GET.get("state", ""), request.GET.get("program", "")
    of, kind = request.GET.get("of", ""), request.GET.get("kind", "")
    meters = chosen_meters(request, scope.distributor) if of else None
    asked = {"state": state, "program": program, "kind": kind, "now": timezone.now(), "meters": meters}
    among = listing.events_of(scope.distributor, **asked)  # type: ignore[arg-type]  # as the dict above says
    found = listing.with_answers(among, meters)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "page_obj": page,
        "month": calendar_of(among, request.GET.dict(), timezone.localdate(timezone=scope.distributor.zone)),
        "columns": listing.columns(),
        "rows": listing.rows(list(page.object_list), meters),
        "states": [(value.value, str(value.label).capitalize()) for value in EventState],
        "state": state,
        "programs": Program.objects.filter(distributor=scope.distributor),
        "program": program,
        "kind": kind,
        "of": of,
        "choices": selection.choices(scope.distributor),
    }
    return render(request, "dashboards/operator/events.html", context)


@require_POST
@operator_page
def event_step(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """One step of an event's life; its page is the room."""
    return _act(request, scope, _event(scope, pk))


@require_GET
@operator_page
def event_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The settlement that counts, one row per meter."""
    found = _event(scope, pk)
    run = facts.run_of(found)
    if run is None:
        raise Http404
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    day = found.start.astimezone(found.program.zone)
    response["Content-Disposition"] = f'attachment; filename="settlement-{day:%Y-%m-%d-%H%M}-run-{run.number}.csv"'
    meters = chosen_meters(request, found.program.distributor) if request.GET.get("of") else None
    write_csv(run=run, stream=response, meters=meters)  # type: ignore[arg-type]  # a response writes text like a file
    return response


def _event(scope: Scope, pk: int) -> Event:
    visible = Event.objects.visible_to(scope.user)
    return get_object_or_404(visible.select_related("program__distributor", "version", "created_by"), pk=pk)


def _settle(event: Event, scope: Scope) -> str:
    """Computes the rewards, or has them computed; the settlement's own page goes on from there. What is to be said."""
    run = settle_or_begin(event=event, by=scope.user)
    return begun_words() if run is None else ""


def _start(event: Event, scope: Scope) -> str:
    """Begins a prepared event with the next full interval; what is to be said."""
    begin = hour_words(start_now(event=event, by=scope.user).start.astimezone(event.program.zone), minutes=True)
    event.refresh_from_db()
    return _("Announced: it begins at %(time)s. A notice to everybody who takes part is on its way.") % {"time": begin}


ACTIONS: dict[str, tuple[tuple[EventState, ...], Callable[[Event, Scope], object]]] = {
    "schedule": ((EventState.DRAFT,), lambda event, scope: schedule_event(event=event, by=scope.user)),
    "announce": ((EventState.SCHEDULED,), lambda event, scope: notify_event(event=event, by=scope.user)),
    "start": ((EventState.DRAFT, EventState.SCHEDULED), _start),
    "settle": ((EventState.COMPLETED, EventState.MEASURED), _settle),
    "cancel": (
        (EventState.DRAFT, EventState.SCHEDULED, EventState.NOTIFIED, EventState.ACTIVE),
        lambda event, scope: cancel_event(event=event, by=scope.user),
    ),
}


def actions_of(event: Event, run: SettlementRun | None) -> list[str]:
    """What may be done in the event's state. A corrected run of a settled event can be posted, too."""
    corrected = event.state == EventState.SETTLED and run is not None and not facts.is_posted(run)
    allowed = [name for name, (states, _act) in ACTIONS.items() if event.state in states]
    return [*allowed, "settle"] if corrected else allowed


def _act(request: HttpRequest, scope: Scope, event: Event) -> HttpResponse:
    if not Event.objects.managed_by(scope.user).filter(pk=event.pk).exists():
        raise PermissionDenied
    name = request.POST.get("action", "")
    if name not in ACTIONS:
        messages.error(request, _("There is no such action."))
        return redirect("operator_event", pk=event.pk)
    try:
        said = ACTIONS[name][1](event, scope)
    except (PortalError, BaselineError) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said if isinstance(said, str) and said else _done_words()[name])
        _warn(request, event, name)
    return redirect("operator_event", pk=event.pk)


def _warn(request: HttpRequest, event: Event, name: str) -> None:
    """Says where predictions do not reach the event: before people are told, and once they were."""
    find = {"schedule": unreached_words, "announce": unpaid_words, "start": unpaid_words}.get(name)
    words = find(event=event) if find else ""
    if words:
        messages.warning(request, words)


def _done_words() -> dict[str, str]:
    return {
        "schedule": _("Scheduled. Who takes part is fixed; nobody has been told."),
        "announce": _("Announced. A notice to everybody who takes part is on its way."),
        "settle": _("Worked out. Somebody else approves it under Settlement, then it is posted."),
        "cancel": _("Cancelled. Whoever was told is told now."),
    }
