"""What the meters of an event would use without it: the live figure's other half.

It is the program's own rule, computed by the settlement's own function, and frozen: once when it is first asked
for, from the days before the event; once more when the event has started, with the same-day adjustment, whose window
has closed by then; and once it is over with what has come in since. Readings of the event itself never enter it. It is
an estimate for a screen and pays nothing: the settlement computes its own from what is stored then.

A rule that looks at no days (a forecast) or at other homes (a control group) has no such line of its own; for it
the plain mean of ten days stands in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from common.intervals import MINUTE, clock_minute, local_day, starts_of_clock
from dashboards.selectors.event_grid import Grid
from events.holiday_calendar import holiday_days
from events.models import Event
from meters.models import Meter, Quality
from meters.services.recent import readings_in
from settlement.baselines import (
    Baseline,
    BaselineError,
    HistoryNotLoaded,
    InvalidEvent,
    MeterHistory,
    Method,
    Plan,
    PlannedDay,
    Preset,
    Reading,
    compute_baseline,
    get_preset,
    make_plan,
    preset_from_data,
)
from settlement.services.measuring.case import Participant, span_of
from settlement.services.measuring.held import held_since
from settlement.services.measuring.unusual import UnusualTimes

STAND_IN = "ten-in-ten"
# Days fetched beyond those that the calendar needs, round by round, for meters with extraordinary days.
SPARE_DAYS = (0, 5, 1000)
# Four of five days lie within so many standard deviations.
LIKELY = 1.28
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """Usual power of the meters of an event, cell by cell.

    Attributes:
        meter_ids: (m,) rising.
        watts: (m, cells) W, NaN where a meter has too little history.
        spread: (cells,) how far all meters together stray on the rule's days, as a share of their usual use:
            four of five days lie within it.
    """

    meter_ids: NDArray[np.int64]
    watts: Floats
    spread: Floats


def rule_of(event: Event) -> Preset:
    """The event's rule, or what stands in for it where it has no line of its own."""
    version = event.version
    try:
        rule = preset_from_data(version.rule) if version.rule else get_preset(version.preset)
    except BaselineError:
        return get_preset(STAND_IN)
    return rule if rule.method is Method.DAY_MATCHING else get_preset(STAND_IN)


def usual_of(event: Event, meters: Sequence[Meter], grid: Grid, *, with_today: bool) -> Usual:
    """What these meters usually use. Two queries per interval length, more per 500 meters and for odd histories.

    Args:
        with_today: whether the hours before the event adjust it, as the rule says.
    """
    ids = np.array(sorted(meter.pk for meter in meters), np.int64)
    watts = np.full((len(ids), grid.count), np.nan)
    days: list[Floats] = []
    held = held_since(event)
    by_length = sorted(meters, key=lambda meter: (meter.interval_minutes, meter.pk))
    for minutes, group in groupby(by_length, key=lambda meter: meter.interval_minutes):
        for pk, cells, used in _group(_plan(event, minutes), list(group), grid, held, with_today):
            watts[np.searchsorted(ids, pk)] = cells
            days.append(used)
    return Usual(ids, watts, _spread(days, grid))


def _spread(days: Sequence[Floats], grid: Grid) -> Floats:
    """How far the sum over the meters strays from day to day; the k-th newest used day of each stand for one day."""
    longest = max((len(used) for used in days), default=0)
    if longest < 2:
        return np.zeros(grid.count)
    sums = np.zeros((longest, grid.count))
    for used in days:
        # Where a meter has nothing on any day it strays by nothing.
        mean = np.nansum(used, axis=0) / np.maximum(1, np.count_nonzero(~np.isnan(used), axis=0))
        full = np.vstack([used, np.tile(mean, (longest - len(used), 1))])
        sums += np.where(np.isnan(full), mean, full)
    middle = np.abs(sums.mean(axis=0))
    share: Floats = np.divide(LIKELY * sums.std(axis=0, ddof=1), middle, out=np.zeros(grid.count), where=middle > 0)
    return share


def _group(
    plan: Plan | None, meters: list[Meter], grid: Grid, held: Mapping[int, datetime], with_today: bool
) -> Iterator[tuple[int, Floats, Floats]]:
    """(meter, its W per cell, its W per cell on each used day, newest first) of who has enough history.

    Args:
        held: since when its holder has a meter; nothing is told from what others used.
    """
    if plan is None:
        return
    minutes = plan.minutes
    look = _Look(plan, grid, minutes)
    people = [Participant(meter, None, None, held_from=held.get(meter.pk)) for meter in meters]
    unusual = UnusualTimes().of(plan, people)
    waiting, fetched = [meter.pk for meter in meters], 0
    for spare in SPARE_DAYS:
        days = plan.pool_days(spare)
        look.fetch(days[fetched:], waiting, held, today=with_today and not fetched)
        reach = days[-1].day if days and spare != SPARE_DAYS[-1] else None
        late = []
        for pk in waiting:
            left_out = unusual[pk].days, unusual[pk].window
            history = MeterHistory(look.readings.get(pk, {}), minutes, *left_out, loaded_from=reach)
            try:
                found = compute_baseline(plan, history)
            except HistoryNotLoaded:
                late.append(pk)
                continue
            if found.slots:
                yield pk, *look.cells(pk, found)
        waiting, fetched = late, len(days)
        if not waiting:
            return


def _plan(event: Event, minutes: int) -> Plan | None:
    """The rule laid out; None where the event cuts through the meters' intervals, and nothing can be said of them."""
    span, rule = span_of(event), rule_of(event)
    holidays = holiday_days(event.version, span.day - timedelta(days=rule.days_back_extended), span.day)
    try:
        return make_plan(rule, span, minutes, holidays)
    except InvalidEvent:
        return None


class _Look:
    """The readings of one group, by day: those the rule looks at, and those of the hours around."""

    def __init__(self, plan: Plan, grid: Grid, minutes: int) -> None:
        self.plan, self.grid, self.minutes = plan, grid, minutes
        self.readings: dict[int, dict[datetime, Reading]] = {}
        self.stride = minutes * 60 // grid.step
        zone = plan.event.zone
        starts = [grid.moment(place) for place in range(0, grid.count, self.stride)]
        self.clocks = [((local_day(at, zone) - plan.event.day).days, clock_minute(at, zone)) for at in starts]
        self._moments: dict[date, list[tuple[datetime, ...]]] = {}

    def moments(self, day: date) -> list[tuple[datetime, ...]]:
        """When the clock of a day shows the grid's times: once each; twice or never where it is changed."""
        if day not in self._moments:
            zone = self.plan.event.zone
            self._moments[day] = [
                starts_of_clock(day + timedelta(days=offset), minute, zone) for offset, minute in self.clocks
            ]
        return self._moments[day]

    def fetch(
        self, days: Sequence[PlannedDay], ids: Sequence[int], held: Mapping[int, datetime], *, today: bool
    ) -> None:
        """Adds the readings of these days, and of today's adjustment window. One query per 500 meters."""
        starts = {at for day in days for group in (*day.slots, *day.window, *self.moments(day.day)) for at in group}
        starts |= set(self.plan.window) if today else set()
        if not starts:
            return
        found = readings_in(meter_ids=ids, spans=_spans(sorted(starts), self.minutes))
        moments = {int(at): datetime.fromtimestamp(int(at), UTC) for at in np.unique(found[1])}
        # The event's own readings never enter its usual use.
        allowed = {seconds: at for seconds, at in moments.items() if at < self.plan.event.start}
        for pk, seconds, wh, quality in found.T.tolist():
            if seconds in allowed and (pk not in held or allowed[seconds] >= held[pk]):
                mine = self.readings.setdefault(pk, {})
                mine[allowed[seconds]] = Reading(wh, quality == Quality.ESTIMATED)

    def cells(self, pk: int, baseline: Baseline) -> tuple[Floats, Floats]:
        """W per cell, and the same on each used day."""
        used = [trace for trace in baseline.days if trace.weight is not None]
        weights = np.array([float(trace.weight or 0) for trace in used])
        days = np.array([self._day(pk, trace.day) for trace in used])
        known = ~np.isnan(days)
        total = (known * weights[:, None]).sum(axis=0)
        sums = np.where(known, days, 0.0) * weights[:, None]
        plain = np.divide(sums.sum(axis=0), total, out=np.full(days.shape[1], np.nan), where=total > 0)
        watts = self._adjusted(plain, baseline)
        count = self.grid.count
        return np.repeat(watts, self.stride)[:count], np.repeat(days, self.stride, axis=1)[:, :count]

    def _day(self, pk: int, day: date) -> Floats:
        mine = self.readings.get(pk, {})
        found = [[mine[at].energy_wh for at in group if at in mine] for group in self.moments(day)]
        watts = [sum(energies) / len(energies) * 60 / self.minutes if energies else np.nan for energies in found]
        return np.array(watts, np.float64)

    def _adjusted(self, plain: Floats, baseline: Baseline) -> Floats:
        """In the event what the rule says; around it moved as far as the rule moves the event on average."""
        per_hour = 60 / self.minutes
        inside = np.array([float(slot.baseline_wh) for slot in baseline.slots]) * per_hour
        before = np.array([float(slot.unadjusted_wh) for slot in baseline.slots]) * per_hour
        # Rounding to whole Wh is no adjustment.
        moved = baseline.adjustment_raw is not None
        watts = plain + (inside.mean() - before.mean() if moved else 0.0)
        first = self.grid.event[0] // self.stride
        watts[first : first + len(inside)] = inside
        return watts


def _spans(starts: Sequence[datetime], minutes: int) -> list[tuple[datetime, datetime]]:
    """[start, end) of each unbroken row of intervals."""
    spans: list[tuple[datetime, datetime]] = []
    for start in starts:
        end = start + minutes * MINUTE
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans
