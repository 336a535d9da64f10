"""Baselines and rewards of participants, from as few queries and readings as the rule allows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from itertools import groupby

import numpy as np
from django.db.models import Q

from common.intervals import MINUTE
from meters.models import IntervalReading, Quality
from settlement.baselines import (
    Baseline,
    HistoryNotLoaded,
    InvalidEvent,
    MeterHistory,
    Method,
    Plan,
    PlannedDay,
    Reading,
    compute_baseline,
    compute_reward,
    make_plan,
)
from settlement.baselines.many import LARGEST_WH, Energies, Pattern, Ratio, plain_pattern, quick_baselines
from settlement.baselines.quick_pay import QuickTerms, quick_reward, quick_terms
from settlement.baselines.walk import looked_at
from settlement.errors import NotSettleable
from settlement.services.measuring.case import Case, Participant
from settlement.services.measuring.control import measure_by_control
from settlement.services.measuring.forecast import measure_by_forecast
from settlement.services.measuring.measured import Measured, QuickMeasured, Row, Shared, Unusual, in_full
from settlement.services.measuring.readings import Integers, read_matrix
from settlement.services.measuring.unusual import UnusualTimes

# Meters in one IN list: from 1000 on MariaDB turns it into a join, which reads each meter’s whole history.
CHUNK = 500
# Days fetched beyond those the calendar needs, round by round, for meters with extraordinary days.
SPARE_DAYS = (0, 5, 20, 1000)
# Sets of pool days read on their own in a part; the meters of rarer ones go the exact way.
MOST_POOLS = 8
# Control groups and parts that are kept in full: of a few interval lengths, and one.
KEPT = 4
Readings = dict[int, dict[datetime, Reading]]
Pool = tuple[PlannedDay, ...]


class Measurement:
    """Measures the participants of one case, part by part; what they share is worked out once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._plans: dict[int, Plan] = {}
        self._unusual = UnusualTimes()
        self._patterns: dict[tuple[int, int], Pattern | None] = {}
        self._shared: dict[tuple[int, int], Shared] = {}
        self._nominations: dict[object, Ratio | None] = {}
        self._kept: dict[tuple[int, ...], list[Measured]] = {}
        self._shorter: dict[datetime, Measurement] = {}

    def rows(self, participants: Sequence[Participant]) -> list[Row]:
        """These measured, in their order.

        Raises:
            NotSettleable: The event does not fall on whole intervals of a meter.
        """
        by_end: dict[datetime | None, list[Participant]] = defaultdict(list)
        for participant in participants:
            by_end[participant.until].append(participant)
        found: dict[int, Row] = {}
        for until, group in by_end.items():
            measurement = self if until is None else self._ending(until)
            found |= {row.participant.meter_id: row for row in measurement._by_minutes(group)}
        return [found[participant.meter_id] for participant in participants]

    def _ending(self, until: datetime) -> "Measurement":
        """The same case for those who count to an earlier end."""
        if until not in self._shorter:
            span = replace(self.case.span, end=until)
            self._shorter[until] = Measurement(replace(self.case, span=span))
        return self._shorter[until]

    def _by_minutes(self, participants: list[Participant]) -> Iterator[Row]:
        by_minutes = sorted(participants, key=lambda participant: participant.meter.interval_minutes)
        for minutes, group in groupby(by_minutes, key=lambda participant: participant.meter.interval_minutes):
            yield from self._group(self.plan(minutes), list(group))

    def plan(self, minutes: int) -> Plan:
        """The rule laid out for meters with this interval.

        Raises:
            NotSettleable: The event does not fall on whole intervals.
        """
        if minutes not in self._plans:
            try:
                self._plans[minutes] = make_plan(self.case.preset, self.case.span, minutes, self.case.holidays)
            except InvalidEvent as error:
                raise NotSettleable(str(error)) from error
        return self._plans[minutes]

    def _group(self, plan: Plan, group: list[Participant]) -> Iterable[Row]:
        method = self.case.preset.method
        if method is Method.FORECAST:
            return measure_by_forecast(self.case, plan, group)
        if method is Method.CONTROL_GROUP:
            return measure_by_control(self.case, plan, group, lambda some: iter(self._in_full(plan, some)))
        return self._by_days(plan, group)

    def _in_full(self, plan: Plan, group: list[Participant]) -> list[Measured]:
        """These by their own days, in their order. The same few are asked for with every part: they are kept."""
        key = tuple(participant.meter_id for participant in group)
        if key not in self._kept:
            parts = (group[first : first + CHUNK] for first in range(0, len(group), CHUNK))
            found = {row.participant.meter_id: in_full(row) for part in parts for row in self._by_days(plan, part)}
            self._kept[key] = [found[meter_id] for meter_id in key]
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        # The least recently asked for goes first.
        self._kept[key] = self._kept.pop(key)
        return self._kept[key]

    def _by_days(self, plan: Plan, group: list[Participant]) -> Iterator[Row]:
        """By each meter's own days: the ordinary ones together, the others one by one."""
        unusual = self._unusual.of(plan, group)
        pools: dict[tuple[tuple[int, ...], bool], list[Participant]] = defaultdict(list)
        rest: list[Participant] = []
        for participant in group:
            pattern = self._pattern(plan, unusual[participant.meter_id])
            (rest if pattern is None else pools[pattern.ages, pattern.usual_window]).append(participant)
        for place, members in enumerate(sorted(pools.values(), key=len, reverse=True)):
            quick = self._quick(plan, members, unusual) if place < MOST_POOLS else {}
            yield from quick.values()
            rest += [who for who in members if who.meter_id not in quick]
        if rest:
            yield from self._exact(plan, rest, unusual)

    def _pattern(self, plan: Plan, unusual: Unusual) -> Pattern | None:
        key = plan.minutes, id(unusual)
        if key not in self._patterns:
            self._patterns[key] = plain_pattern(plan, unusual.days, usual_window=not unusual.window)
        return self._patterns[key]

    def _quick(self, plan: Plan, group: list[Participant], unusual: Mapping[int, Unusual]) -> dict[int, QuickMeasured]:
        """Meter id -> the ordinary ones of these, which share their pool days."""
        group = sorted(group, key=lambda participant: participant.meter_id)
        ids = [participant.meter_id for participant in group]
        some = self._pattern(plan, unusual[ids[0]])
        assert some is not None
        starts = plan.reading_starts(list(some.pool))
        matrix = read_matrix(ids, starts, plan.minutes)
        whole = matrix.metered.all(axis=1) & (np.abs(matrix.energies) <= LARGEST_WH).all(axis=1)
        places = np.flatnonzero(whole).tolist()
        if not places:
            return {}
        energies = matrix.energies[whole]
        quicks = quick_baselines(plan, some, _energies(plan, some.pool, starts, energies))
        found: dict[int, QuickMeasured] = {}
        for place, quick, mine in zip(places, quicks, energies.tolist(), strict=True):
            if quick is None:
                continue
            participant = group[place]
            mine_unusual = unusual[participant.meter_id]
            pattern = self._pattern(plan, mine_unusual)
            assert pattern is not None
            own = quick if pattern is some else quick._replace(pattern=pattern)
            kw = self._nominated(participant)
            amounts = quick_reward(own, self._terms, kw)
            shared = self._shared_by(plan, mine_unusual, pattern, starts)
            found[participant.meter_id] = QuickMeasured(participant, shared, own, amounts, mine, kw)
        return found

    @cached_property
    def _terms(self) -> QuickTerms:
        return quick_terms(self.case.terms, self.case.span)

    def _nominated(self, participant: Participant) -> Ratio | None:
        kw = participant.nominated_kw
        if kw not in self._nominations:
            self._nominations[kw] = None if kw is None else Fraction(kw).as_integer_ratio()
        return self._nominations[kw]

    def _shared_by(self, plan: Plan, unusual: Unusual, pattern: Pattern, starts: list[datetime]) -> Shared:
        key = plan.minutes, id(unusual)
        if key not in self._shared:
            visited = _visited(plan, plan.days[len(pattern.outcomes) - 1].day, unusual)
            self._shared[key] = Shared(plan, self.case.terms, tuple(starts), visited)
        return self._shared[key]

    def _exact(self, plan: Plan, group: list[Participant], unusual: Mapping[int, Unusual]) -> Iterator[Measured]:
        readings: Readings = defaultdict(dict)
        baselines = _baselines(plan, group, unusual, readings, self.case.as_of)
        for participant in group:
            baseline = baselines[participant.meter_id]
            oldest = baseline.days[-1].day if baseline.days else plan.event.day
            mine = readings[participant.meter_id]
            yield Measured(
                participant=participant,
                baseline=baseline,
                reward=compute_reward(baseline, self.case.terms, participant.nominated_kw),
                readings=tuple((start, *mine[start]) for start in looked_at(plan, baseline.days) if start in mine),
                unusual=_visited(plan, oldest, unusual[participant.meter_id]),
            )


def _visited(plan: Plan, oldest: date, unusual: Unusual) -> Unusual:
    days = {day: reason for day, reason in unusual.days.items() if oldest <= day < plan.event.day}
    return Unusual(days, unusual.window)


def _energies(plan: Plan, pool: Pool, starts: list[datetime], energies: Integers) -> Energies:
    """The readings by day and slot."""
    places = {start: place for place, start in enumerate(starts)}
    slots = np.array([[places[start] for (start,) in planned.slots] for planned in pool], np.intp)
    window = np.array([[places[start] for (start,) in planned.window] for planned in pool], np.intp)
    actual = np.array([places[start] for start in plan.slots], np.intp)
    now = np.array([places[start] for start in plan.window], np.intp)
    return Energies(energies[:, slots], energies[:, window], energies[:, actual], energies[:, now])


def _baselines(
    plan: Plan, group: list[Participant], unusual: Mapping[int, Unusual], readings: Readings, as_of: datetime
) -> dict[int, Baseline]:
    """Meter id -> baseline. Fetches the days that the calendar needs, then more for who needs more."""
    found: dict[int, Baseline] = {}
    held = {who.meter_id: who.held_from for who in group if who.held_from is not None}
    waiting, fetched = sorted(who.meter_id for who in group), 0
    for spare in SPARE_DAYS:
        days = plan.pool_days(spare)
        _fetch(plan, days[fetched:], waiting, held, readings)
        # With all days fetched there is nothing left to ask for.
        reach = days[-1].day if days and spare != SPARE_DAYS[-1] else None
        for meter_id in waiting:
            left_out = unusual[meter_id].days, unusual[meter_id].window
            history = MeterHistory(readings[meter_id], plan.minutes, *left_out, loaded_from=reach)
            try:
                found[meter_id] = compute_baseline(plan, history, as_of)
            except HistoryNotLoaded:
                continue
        waiting, fetched = [meter_id for meter_id in waiting if meter_id not in found], len(days)
        if not waiting:
            break
    return found


def _fetch(
    plan: Plan, days: list[PlannedDay], ids: list[int], held: Mapping[int, datetime], readings: Readings
) -> None:
    """Adds the meters' readings in the slots of the event and of these days. One query per 500 meters.

    Args:
        held: since when its holder has a meter; what was used before is left out.
    """
    spans = Q()
    for start, end in _spans(plan.reading_starts(days), plan.minutes):
        spans |= Q(start__gte=start, start__lt=end)
    for first in range(0, len(ids), CHUNK):
        rows = IntervalReading.objects.filter(spans, meter__in=ids[first : first + CHUNK])
        for meter_id, start, energy_wh, quality in rows.values_list("meter_id", "start", "energy_wh", "quality"):
            if meter_id not in held or start >= held[meter_id]:
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
