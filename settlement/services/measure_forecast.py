"""Baselines that are predictions: those that were known when people were told of the event."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from meters.models import IntervalReading, Prediction, Quality
from settlement.baselines import MeterHistory, Plan, Predicted, Reading, compute_reward, forecast_baseline, known_until
from settlement.models import FrozenPrediction
from settlement.services.case import Case, Participant
from settlement.services.measured import Measured

# Meters in one IN list: from 1000 on MariaDB turns it into a join.
CHUNK = 500

Predictions = dict[int, dict[datetime, Predicted]]


def measure_by_forecast(case: Case, plan: Plan, group: list[Participant]) -> Iterator[Measured]:
    """The participants measured against their predictions, in their order."""
    starts = sorted({*plan.slots, *plan.window})
    ids = [participant.meter_id for participant in group]
    readings = _readings(starts, ids)
    predictions = _predictions(case, plan, starts, ids)
    for participant in group:
        mine = readings[participant.meter_id]
        history = MeterHistory(mine, plan.minutes)
        baseline = forecast_baseline(plan, history, predictions[participant.meter_id], case.as_of)
        yield Measured(
            participant=participant,
            baseline=baseline,
            reward=compute_reward(baseline, case.terms, participant.nominated_kw),
            readings=tuple((start, *mine[start]) for start in starts if start in mine),
            excluded={},
        )


def _readings(starts: list[datetime], ids: list[int]) -> dict[int, dict[datetime, Reading]]:
    found: dict[int, dict[datetime, Reading]] = defaultdict(dict)
    for first in range(0, len(ids), CHUNK):
        rows = IntervalReading.objects.filter(start__in=starts, meter__in=ids[first : first + CHUNK])
        for meter_id, start, energy_wh, quality in rows.values_list("meter_id", "start", "energy_wh", "quality"):
            found[meter_id][start] = Reading(energy_wh, quality == Quality.ESTIMATED)
    return found


def _predictions(case: Case, plan: Plan, starts: list[datetime], ids: list[int]) -> Predictions:
    """Meter id -> start -> the newest prediction known by then: the one kept with the event, or the one in force."""
    limit, found = known_until(plan), defaultdict[int, dict[datetime, Predicted]](dict)
    for first in range(0, len(ids), CHUNK):
        known = {"start__in": starts, "meter__in": ids[first : first + CHUNK], "issued_at__lte": limit}
        kept = FrozenPrediction.objects.filter(event=case.event, **known)
        in_force = Prediction.objects.filter(**known)
        for rows in (kept, in_force):
            for meter_id, start, wh, issued_at in rows.values_list("meter_id", "start", "wh", "issued_at"):
                mine = found[meter_id]
                if start not in mine or mine[start].issued_at < issued_at:
                    mine[start] = Predicted(wh, issued_at)
    return found
