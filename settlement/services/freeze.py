"""Keeping the predictions that were in force when people were told of an event."""

from datetime import datetime

from django.db import transaction

from events.models import Event, Participation
from meters.models import Prediction
from settlement.baselines import Event as Span
from settlement.baselines import InvalidEvent, Method, Preset, make_plan
from settlement.models import FrozenPrediction
from settlement.own_rules import frozen_rule

BATCH = 500


@transaction.atomic
def freeze_predictions(*, event: Event) -> int:
    """How many predictions were kept of the event's participants; what is kept already stays.

    Only for programs whose rule pays by them. Called when people are told, so what is in force was made before.
    """
    rule = frozen_rule(event.version)
    if rule.method is not Method.FORECAST:
        return 0
    rows = Participation.objects.filter(event=event).order_by("meter_id")
    intervals = dict(rows.values_list("meter_id", "meter__interval_minutes"))
    kept = 0
    for minutes in sorted(set(intervals.values())):
        ids = [meter_id for meter_id, length in intervals.items() if length == minutes]
        for first in range(0, len(ids), BATCH):
            kept += _keep(event, rule, minutes, ids[first : first + BATCH])
    return kept


def _keep(event: Event, rule: Preset, minutes: int, ids: list[int]) -> int:
    starts = _starts(event, rule, minutes)
    known = Prediction.objects.filter(meter__in=ids, start__in=starts)
    told = event.notified_at
    if told is not None:
        known = known.filter(issued_at__lte=told)
    there = set(FrozenPrediction.objects.filter(event=event, meter__in=ids).values_list("meter_id", "start"))
    fresh = [
        FrozenPrediction(event=event, meter_id=meter_id, start=start, wh=wh, issued_at=issued_at)
        for meter_id, start, wh, issued_at in known.values_list("meter_id", "start", "wh", "issued_at")
        if (meter_id, start) not in there
    ]
    FrozenPrediction.objects.bulk_create(fresh, batch_size=BATCH)
    return len(fresh)


def _starts(event: Event, rule: Preset, minutes: int) -> list[datetime]:
    """The intervals of the event, and of the window that the rule compares."""
    try:
        plan = make_plan(
            rule, Span(event.start, event.end, event.program.zone, event.notified_at), minutes, frozenset()
        )
    except InvalidEvent:
        # It falls on no whole intervals of these meters; its settlement says so.
        return []
    return sorted({*plan.slots, *plan.window})
