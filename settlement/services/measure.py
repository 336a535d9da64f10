"""Baselines and rewards of all participants, from as few queries and readings as the rule allows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby

from django.db.models import Q

from common.intervals import MINUTE, day_bounds
from meters.models import IntervalReading, Meter, Quality
from meters.services import excluded_spans
from settlement.baselines import (
    Baseline,
    Exclusion,
    HistoryNotLoaded,
    InvalidEvent,
    MeterHistory,
    Plan,
    PlannedDay,
    Reading,
    Reward,
    compute_baseline,
    compute_reward,
    exclusion_days,
    make_plan,
)
from settlement.errors import NotSettleable
from settlement.services.case import Case, Participant

# Meters in one IN list: from 1000 on MariaDB turns it into a join, which reads each meter’s whole history.
CHUNK = 500
# Days fetched beyond those the calendar needs, round by round, for meters with extraordinary days.
SPARE_DAYS = (0, 5, 20, 1000)

Readings = dict[int, dict[datetime, Reading]]
ExcludedDays = Mapping[date, Exclusion]


@dataclass(frozen=True)
class Measured:
    """One participant's baseline and reward, and what they were computed from.

    Attributes:
        readings: (start, Wh, estimated) of the intervals the rule looked at, those that exist, by time.
        excluded: the extraordinary days among those visited.
    """

    participant: Participant
    baseline: Baseline
    reward: Reward
    readings: tuple[tuple[datetime, int, bool], ...]
    excluded: ExcludedDays


def measure(case: Case) -> list[Measured]:
    """Every participant measured, by meter number.

    Raises:
        NotSettleable: The event does not fall on whole intervals of a meter.
    """
    by_minutes = sorted(case.participants, key=lambda participant: participant.meter.interval_minutes)
    found: dict[int, Measured] = {}
    for minutes, group in groupby(by_minutes, key=lambda participant: participant.meter.interval_minutes):
        for measured in _measure_group(case, minutes, list(group)):
            found[measured.participant.meter_id] = measured
    return [found[participant.meter_id] for participant in case.participants]


def _measure_group(case: Case, minutes: int, group: list[Participant]) -> Iterator[Measured]:
    try:
        plan = make_plan(case.preset, case.span, minutes, case.holidays)
    except InvalidEvent as error:
        raise NotSettleable(str(error)) from error
    ids = [participant.meter_id for participant in group]
    excluded = _excluded_days(plan, [participant.meter for participant in group])
    readings: Readings = defaultdict(dict)
    baselines = _baselines(plan, ids, excluded, readings, case.as_of)
    looked_at = lru_cache(maxsize=None)(lambda oldest: _starts_since(plan, oldest))
    for participant in group:
        baseline, days = baselines[participant.meter_id], excluded[participant.meter_id]
        oldest = baseline.days[-1].day if baseline.days else plan.event.day
        mine = readings[participant.meter_id]
        yield Measured(
            participant=participant,
            baseline=baseline,
            reward=compute_reward(baseline, case.terms, participant.nominated_kw),
            readings=tuple((start, *mine[start]) for start in looked_at(oldest) if start in mine),
            excluded={day: reason for day, reason in days.items() if oldest <= day < plan.event.day},
        )


def _starts_since(plan: Plan, oldest: date) -> list[datetime]:
    visited = [planned for planned in plan.days if planned.refused is None and planned.day >= oldest]
    return plan.reading_starts(visited)


def _baselines(
    plan: Plan, ids: list[int], excluded: Mapping[int, ExcludedDays], readings: Readings, as_of: datetime
) -> dict[int, Baseline]:
    """Meter id -> baseline. Fetches the days that the calendar needs, then more for who needs more."""
    found: dict[int, Baseline] = {}
    waiting, fetched = ids, 0
    for spare in SPARE_DAYS:
        days = plan.pool_days(spare)
        _fetch(plan, days[fetched:], waiting, readings)
        # With all days fetched there is nothing left to ask for.
        reach = days[-1].day if days and spare != SPARE_DAYS[-1] else None
        for meter_id in waiting:
            history = MeterHistory(readings[meter_id], plan.minutes, excluded[meter_id], loaded_from=reach)
            try:
                found[meter_id] = compute_baseline(plan, history, as_of)
            except HistoryNotLoaded:
                continue
        waiting, fetched = [meter_id for meter_id in waiting if meter_id not in found], len(days)
        if not waiting:
            break
    return found


def _fetch(plan: Plan, days: list[PlannedDay], ids: list[int], readings: Readings) -> None:
    """Adds the meters' readings in the slots of the event and of these days. One query per 500 meters."""
    spans = Q()
    for start, end in _spans(plan.reading_starts(days), plan.minutes):
        spans |= Q(start__gte=start, start__lt=end)
    for first in range(0, len(ids), CHUNK):
        rows = IntervalReading.objects.filter(spans, meter__in=ids[first : first + CHUNK])
        for meter_id, start, energy_wh, quality in rows.values_list("meter_id", "start", "energy_wh", "quality"):
            readings[meter_id][start] = Reading(energy_wh, quality == Quality.ESTIMATED)


def _spans(starts: list[datetime], minutes: int) -> list[tuple[datetime, datetime]]:
    """[start, end) of each unbroken row of intervals, so that the database walks a few ranges per meter."""
    length = minutes * MINUTE
    spans: list[tuple[datetime, datetime]] = []
    for start in starts:
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], start + length)
        else:
            spans.append((start, start + length))
    return spans


def _excluded_days(plan: Plan, meters: list[Meter]) -> dict[int, ExcludedDays]:
    """Meter id -> its extraordinary local days before the event."""
    zone = plan.event.zone
    since = day_bounds(plan.days[-1].day, zone)[0]
    spans = excluded_spans(meters=meters, start=since, end=plan.event.start)
    # Nearly all meters share the same few spans.
    days_of = lru_cache(maxsize=None)(lambda mine: exclusion_days(mine, zone))
    return {
        meter_id: days_of(tuple((span.start, span.end, Exclusion(span.kind.upper())) for span in mine))
        for meter_id, mine in spans.items()
    }
