"""Keeping the predictions that were in force when people were told of an event, and what they were told."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from events.models import Event, Participation
from meters.models import Prediction
from settlement.baselines import Event as Span
from settlement.baselines import InvalidEvent, Method, Plan, Preset, Told, limits_of, make_plan
from settlement.models import FrozenPrediction, ToldSpan
from settlement.own_rules import frozen_rule
from settlement.services.measuring.case import span_of

BATCH = 500


@transaction.atomic
def note_told(*, event: Event) -> bool:
    """Whether people are told of hours that they were not told of last; called within the change itself."""
    newest = ToldSpan.objects.filter(event=event).order_by("-pk").first()
    if newest is not None and (newest.start, newest.end) == (event.start, event.end):
        return False
    at = event.notified_at if newest is None else None
    ToldSpan.objects.create(event=event, at=at or timezone.now(), start=event.start, end=event.end)
    return True


def told_of(event: Event) -> tuple[Told, ...]:
    """What people were told of the event's hours, the earliest first; nothing of events that were recorded later."""
    rows = ToldSpan.objects.filter(event=event).order_by("pk")
    return tuple(Told(row.at, row.start, row.end) for row in rows)


@transaction.atomic
def freeze_predictions(*, event: Event) -> int:
    """How many predictions were kept of the event's participants; what is kept already stays.

    Only for programs whose rule pays by them. Called whenever people are told, so what is in force was made before.
    """
    rule = frozen_rule(event.version)
    if rule.method is not Method.FORECAST:
        return 0
    rows = Participation.objects.filter(event=event).order_by("meter_id")
    intervals = dict(rows.values_list("meter_id", "meter__interval_minutes"))
    kept = 0
    for minutes in sorted(set(intervals.values())):
        plan = plan_of(event, rule, minutes)
        if plan is None:
            continue
        limits = limits_of(plan, told_of(event))
        ids = [meter_id for meter_id, length in intervals.items() if length == minutes]
        for first in range(0, len(ids), BATCH):
            kept += _keep(event, limits, ids[first : first + BATCH])
    return kept


def plan_of(event: Event, rule: Preset, minutes: int) -> Plan | None:
    """The rule laid out over the event; None where it falls on no whole intervals, as its settlement says then."""
    try:
        # Of an event that is only thought of nobody was told.
        span = span_of(event) if event.pk else Span(event.start, event.end, event.program.zone)
        return make_plan(rule, span, minutes, frozenset())
    except InvalidEvent:
        return None


def _keep(event: Event, limits: dict[datetime, datetime], ids: list[int]) -> int:
    known = Prediction.objects.filter(meter__in=ids, start__in=list(limits), issued_at__lte=max(limits.values()))
    there = set(FrozenPrediction.objects.filter(event=event, meter__in=ids).values_list("meter_id", "start"))
    fresh = [
        FrozenPrediction(event=event, meter_id=meter_id, start=start, wh=wh, issued_at=issued_at)
        for meter_id, start, wh, issued_at in known.values_list("meter_id", "start", "wh", "issued_at")
        if issued_at <= limits[start] and (meter_id, start) not in there
    ]
    FrozenPrediction.objects.bulk_create(fresh, batch_size=BATCH)
    return len(fresh)
