"""Baselines that are predictions: those that were known when people were told of the event."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from meters.models import IntervalReading, Prediction, Quality
from settlement.baselines import MeterHistory, Plan, Predicted, Reading, compute_reward, forecast_baseline, limits_of
from settlement.models import FrozenPrediction
from settlement.services.freeze import told_of
from settlement.services.measuring.case import Case, Participant
from settlement.services.measuring.measured import Measured, Unusual
from settlement.services.measuring.unusual import UnusualTimes

# Meters in one IN list: from 1000 on MariaDB turns it into a join.
CHUNK = 500

Predictions = dict[int, dict[datetime, Predicted]]


def measure_by_forecast(case: Case, plan: Plan, group: list[Participant]) -> Iterator[Measured]:
    """The participants measured against their predictions, in their order."""
    told = told_of(case.event)
    limits = limits_of(plan, told)
    starts = sorted(limits)
    ids = [participant.meter_id for participant in group]
    readings, unusual = _readings(starts, group), UnusualTimes().of(plan, group) if plan.window else {}
    predictions = _predictions(case, limits, ids)
    for participant in group:
        mine = readings[participant.meter_id]
        window = unusual[participant.meter_id].window if unusual else {}
        history = MeterHistory(mine, plan.minutes, not_usual=window)
        baseline = forecast_baseline(plan, history, predictions[participant.meter_id], case.as_of, told)
        yield Measured(
            participant=participant,
            baseline=baseline,
            reward=compute_reward(baseline, case.terms, participant.nominated_kw),
            readings=tuple((start, *mine[start]) for start in starts if start in mine),
            unusual=Unusual({}, window),
        )


def _readings(starts: list[datetime], group: list[Participant]) -> dict[int, dict[datetime, Reading]]:
    """Meter id -> start -> reading, of the time in which its holder has had the meter."""
    found: dict[int, dict[datetime, Reading]] = defaultdict(dict)
    held = {who.meter_id: who.held_from for who in group if who.held_from is not None}
    ids = [who.meter_id for who in group]
    for first in range(0, len(ids), CHUNK):
        rows = IntervalReading.objects.filter(start__in=starts, meter__in=ids[first : first + CHUNK])
        for meter_id, start, energy_wh, quality in rows.values_list("meter_id", "start", "energy_wh", "quality"):
            if meter_id not in held or start >= held[meter_id]:
                found[meter_id][start] = Reading(energy_wh, quality == Quality.ESTIMATED)
    return found


def _predictions(case: Case, limits: Mapping[datetime, datetime], ids: list[int]) -> Predictions:
    """Meter id -> start -> the newest prediction known in time: the one kept with the event, or the one in force."""
    found: Predictions = defaultdict(dict)
    for first in range(0, len(ids), CHUNK):
        known = {"start__in": list(limits), "meter__in": ids[first : first + CHUNK]}
        kept = FrozenPrediction.objects.filter(event=case.event, **known)
        in_force = Prediction.objects.filter(**known)
        for rows in (kept, in_force):
            for meter_id, start, wh, issued_at in rows.values_list("meter_id", "start", "wh", "issued_at"):
                mine = found[meter_id]
                if issued_at <= limits[start] and (start not in mine or mine[start].issued_at < issued_at):
                    mine[start] = Predicted(wh, issued_at)
    return found
