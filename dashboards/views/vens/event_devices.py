"""The devices of one event: who was told, who answered what, device by device."""

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from dashboards.operator_facts import room_devices, ven_history
from dashboards.operator_facts.events import event_name
from dashboards.views.operator.room import event_seen
from dashboards.views.operator.scope import Scope, operator_page
from dashboards.views.vens.csv_answer import streamed
from openadr.models import DeliveryRecord, EventDelivery

PER_PAGE = 50


@require_GET
@operator_page
def event_devices(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """The event's deliveries by VEN, all or those of one answer."""
    event = event_seen(scope, pk)
    asked, find = request.GET.get("answer", ""), request.GET.get("find", "").strip()[:80]
    words = room_devices.answer_words()
    found = EventDelivery.objects.filter(event=event).select_related("ven").order_by("ven__name", "pk")
    if asked in words:
        found = found.filter(room_devices.condition(asked))
    if find:
        found = found.filter(ven__name__icontains=find)
    found = found.prefetch_related(Prefetch("records", DeliveryRecord.objects.order_by("pk")))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "event": event,
        "name": event_name(event),
        "crumbs": [
            {"label": _("Events"), "url": reverse("operator_events")},
            {"label": event_name(event), "url": reverse("operator_event", args=[pk])},
            {"label": _("Devices"), "url": ""},
        ],
        "answer": asked,
        "answers": words.items(),
        "find": find,
        "page_obj": page,
        "columns": ven_history.columns(_("VEN")),
        "rows": ven_history.rows_by_ven(list(page.object_list), timezone.now(), event.program.zone),
        "csv_url": reverse("operator_event_devices_csv", args=[pk]),
    }
    return render(request, "dashboards/vens/event_devices.html", context)


@require_GET
@operator_page
def event_devices_csv(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    """Every step of the event with every device."""
    event = event_seen(scope, pk)
    records = DeliveryRecord.objects.filter(delivery__event=event)
    return streamed(ven_history.file_rows(records), f"event-{event.pk}-devices.csv")
