"""The list of a distributor's events."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, When
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboards.operator_facts.event_words import duration_words, state_badge
from dashboards.times import hours_words, long_day_words, zone_words
from dashboards.words import kwh, money
from events.models import Event, EventState, Participation, ParticipationState
from meters.models import Meter
from organizations.models import Distributor
from settlement.models import SettlementLine
from settlement.selectors import Saved, saved_by_event

# What people look for, in the order of an event's life; "being checked" is one word for two states.
STATE_FILTERS = {
    EventState.COMPLETED.value: (EventState.COMPLETED, EventState.MEASURED),
    EventState.SETTLED.value: (EventState.SETTLED, EventState.CLOSED),
}
# Later states say what became of a participation; who had joined is no longer told apart.
OPEN_FOR_ANSWERS = (EventState.NOTIFIED, EventState.ACTIVE)
KINDS = ("real", "test")


def events_of(
    distributor: Distributor,
    *,
    state: str,
    program: str,
    kind: str = "",
    now: datetime,
    meters: QuerySet[Meter] | None = None,
) -> QuerySet[Event]:
    """The distributor's events: those to come, the next one first, then those that are over, the last one first.

    An unknown filter finds nothing; `kind` is "test" or "real".

    With meters only those in which one of them takes part; of a draft nobody does yet.
    """
    events = Event.objects.filter(program__distributor=distributor)
    if meters is not None:
        among = Participation.objects.filter(event=OuterRef("pk"), meter__in=meters.order_by().values("pk"))
        events = events.filter(Exists(among))
    if state:
        events = events.filter(state__in=STATE_FILTERS.get(state, (state,)))
    if program:
        events = events.filter(program=int(program)) if _is_id(program) else events.none()
    if kind:
        events = events.filter(is_test=kind == "test") if kind in KINDS else events.none()
    is_over = Case(When(Q(end__lte=now) | Q(state=EventState.CANCELLED), then=1), default=0)
    ahead = Case(When(end__gt=now, then=F("start")))
    ordered = events.annotate(is_over=is_over, ahead=Case(When(is_over=0, then=ahead)))
    return ordered.select_related("program__distributor").order_by("is_over", "ahead", "-start", "-pk")


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def with_answers(events: QuerySet[Event], meters: QuerySet[Meter] | None = None) -> QuerySet[Event]:
    """Events with how many take part, joined and skipped, of all meters or of these."""
    among = Q() if meters is None else Q(participations__meter__in=meters.order_by().values("pk"))

    def answered(state: ParticipationState) -> Count:
        return Count("participations", filter=among & Q(participations__state=state))

    return events.annotate(
        invited=Count("participations", filter=among) if among else Count("participations"),
        joined=answered(ParticipationState.OPTED_IN),
        skipped=answered(ParticipationState.OPTED_OUT),
    )


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = [_("Event"), _("State"), _("Takes part"), _("Saved"), _("Earned")]
    return [{"label": name, "numeric": place > 2} for place, name in enumerate(names)]


def rows(events: Sequence[Event], meters: QuerySet[Meter] | None = None) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html for events of `with_answers`, of all meters or of these. One query."""
    lines = SettlementLine.objects.filter(run__event__in=[event.pk for event in events])
    if meters is not None:
        lines = lines.filter(meter__in=meters.order_by().values("pk"))
    saved = saved_by_event(lines=lines)
    return [{"cells": _cells(event, saved.get(event.pk))} for event in events]


def event_name(event: Event) -> str:
    """An event by its time: "Wednesday 22 July 2026, 4 to 6 pm PDT"."""
    zone = event.program.zone
    hours = hours_words(event.start, event.end, zone)
    return f"{long_day_words(event.start, zone)}, {hours} {zone_words(event.end, zone)}"


def _cells(event: Event, saved: Saved | None) -> list[dict[str, Any]]:
    length: timedelta = event.end - event.start
    currency = event.program.distributor.currency
    return [
        {
            "text": event_name(event),
            "sub": f"{event.program.name}, {duration_words(length)}",
            "url": reverse("operator_event", args=[event.pk]),
        },
        {"label": _("State"), **state_badge(event)},
        {"label": _("Takes part"), "text": _takes_part(event)},
        {"label": _("Saved"), "text": f"{kwh(saved.saved_wh)} kWh" if saved else "–", "numeric": True},
        {"label": _("Earned"), "text": money(saved.earned, currency) if saved else "–", "numeric": True},
    ]


def _takes_part(event: Any) -> str:
    if not event.invited:
        return _("not fixed yet") if event.state == EventState.DRAFT else "–"
    counts = {"invited": event.invited, "joined": event.joined, "skipped": event.skipped}
    if event.state in OPEN_FOR_ANSWERS:
        return _("%(invited)d meters, %(joined)d joined, %(skipped)d skipped") % counts
    return _("%(invited)d meters, %(skipped)d skipped") % counts
