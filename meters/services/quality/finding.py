"""Applies the rules to readings that were read."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from meters.models import Meter, QualityRule
from meters.services.archive.removed import Span
from meters.services.columns import Integers, integers
from meters.services.quality import rules
from meters.services.quality.clock import bounds_of_days, day_of, local_seconds
from meters.services.quality.reading import Days
from meters.services.quality.rules import DAY, HISTORY_DAYS, Flags, Found, Values

# What `check_quality` finds by itself; the others are of imports, whose rows were never stored.
CHECKED = (
    QualityRule.GAP,
    QualityRule.NEGATIVE,
    QualityRule.SPIKE,
    QualityRule.STUCK,
    QualityRule.FUTURE,
    QualityRule.DAY_LENGTH,
)
Finding = tuple[QualityRule, Found]


@dataclass(frozen=True)
class Look:
    """One meter's readings as the rules need them.

    Attributes:
        values: of a window around [start, end), long enough that no run that touches the span is cut.
        before, after: starts of the readings next to the window, None without.
        history: the days of UTC before each of the window's.
        none_due: spans in which none are missing: months that are in files alone, and noted outages.
    """

    meter: Meter
    zone: ZoneInfo
    start: int
    end: int
    values: Values
    before: int | None
    after: int | None
    history: Days
    none_due: Sequence[Span] = ()

    @property
    def step(self) -> int:
        """Seconds of a slot."""
        return self.meter.interval_minutes * 60

    def findings(self, now: int) -> list[Finding]:
        """Everything that touches [start, end), by rule and start."""
        found = [(rule, each) for rule, listed in self._by_rule(now) for each in listed]
        return sorted((rule, each) for rule, each in found if each.start < self.end and each.end > self.start)

    def _by_rule(self, now: int) -> list[tuple[QualityRule, list[Found]]]:
        values, step, meter = self.values, self.step, self.meter
        peaks, zero_shares = self.history.before(values.starts)
        listed = [
            (QualityRule.GAP, self._gaps()),
            (QualityRule.SPIKE, self._spikes(rules.may_be_spikes(values, step, peaks))),
            (QualityRule.STUCK, rules.stuck(values, step, rules.hours_until_stuck(meter.usage_kind))),
            (QualityRule.FUTURE, rules.futures(values.starts, step, now)),
            (QualityRule.DAY_LENGTH, rules.day_lengths(values.starts, self._bounds(), step)),
        ]
        if not meter.exports:  # what feeds in is below zero by day, and may be at zero for whole nights
            listed.append((QualityRule.NEGATIVE, rules.negatives(values, step)))
            listed.append((QualityRule.STUCK, rules.zeros(values, step, zero_shares)))
        return listed

    def _gaps(self) -> list[Found]:
        found = rules.gaps(self._with_neighbours(), self.step)
        for span in self.none_due:
            found = [part for gap in found for part in rules.outside(gap, span.start, span.end, self.step)]
        return found

    def _with_neighbours(self) -> Integers:
        beside = [[at] if at is not None else [] for at in (self.before, self.after)]
        return np.concatenate([integers(beside[0]), self.values.starts, integers(beside[1])])

    def _bounds(self) -> Integers:
        first, last = day_of(self.start - DAY, self.zone), day_of(self.end + DAY, self.zone)
        return bounds_of_days(first, (last - first).days + 1, self.zone)

    def _spikes(self, candidates: Flags) -> list[Found]:
        places = np.flatnonzero(candidates & (self.values.starts >= self.start) & (self.values.starts < self.end))
        if not len(places):
            return []
        local = local_seconds(self.values.starts, self.zone)
        return [found for at in places.tolist() if (found := self._spike(at, local)) is not None]

    def _spike(self, at: int, local: Integers) -> Found | None:
        """The candidate if it is also far above the same clock slot on the days before."""
        days, slots = local // DAY, local % DAY // self.step
        recent = (days < days[at]) & (days >= days[at] - HISTORY_DAYS) & (slots == slots[at])
        history = self.values.energy_wh[recent & ~self.values.estimated].astype(np.float64)
        median, limit = rules.slot_limit(history)
        value, start = int(self.values.energy_wh[at]), int(self.values.starts[at])
        # A NaN is below nothing.
        return Found(start, start + self.step, 1, value, round(median)) if value > limit else None
