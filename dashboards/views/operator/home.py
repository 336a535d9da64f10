"""The operator's overview."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards.operator_facts import attention, overview, selection
from dashboards.operator_facts.event_words import state_badge
from dashboards.operator_facts.events import event_name
from dashboards.operator_facts.selection import in_service
from dashboards.views.operator.meters import chosen_meters
from dashboards.views.operator.scope import Scope, operator_page


@require_GET
@operator_page
def home(request: HttpRequest, scope: Scope) -> HttpResponse:
    """What needs somebody, the next event, and the sums."""
    now, distributor = timezone.now(), scope.distributor
    of = request.GET.get("of", "")
    chosen = chosen_meters(request, distributor) if of else None
    newest = overview.newest_readings(in_service(distributor) if chosen is None else chosen, now)
    event = overview.next_event(distributor, now)
    context = {
        "scope": scope,
        "of": of,
        "choices": selection.choices(distributor),
        "meters": len(newest),
        "needs": attention.needs(distributor, newest, now, may_manage=scope.may_manage),
        "event": event,
        "event_name": event_name(event) if event else "",
        "event_badge": state_badge(event) if event else None,
        "tiles": [overview.load_words(newest, now), *overview.sums(distributor, now, chosen)],
        "forecast": overview.forecast_facts(distributor),
    }
    return render(request, "dashboards/operator/home.html", context)
