"""Which readings cannot be true, and why: the one gate for every way in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from meters.formats import RowProblem
from meters.formats.values import time_text
from meters.models import Quality, QualityRule
from meters.services.archive.removed import ARCHIVED_AFTER, Span, removed_spans
from meters.services.columns import Integers, Readings
from meters.services.doubts import MAX_DOUBTS, Doubt, doubts_of
from meters.services.locks import LockedMeters, zone_of
from meters.services.slots import keys_of, places_of
from organizations.models import Distributor

# 2 GWh in one interval is more than any distributor takes: the unit is wrong. It fits into the column's four bytes.
MAX_ENERGY_WH = 2_000_000_000
EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
MAX_PROBLEMS = 100_000

Mask = NDArray[np.bool_]
Sentence = Callable[[int], str]


class Reason(NamedTuple):
    """Which rows cannot be used, and why; `rule` where that looks like more than a slip of the file."""

    mask: Mask
    sentence: Sentence
    rule: QualityRule | None = None


_QUARTER = 900
_FEW = 1_000


@dataclass
class Problems:
    """What was left out: the first MAX_PROBLEMS rows in detail, and the number of all.

    `doubts` are those of them that say something about a meter, the first MAX_DOUBTS.
    """

    listed: list[RowProblem] = field(default_factory=list)
    count: int = 0
    doubts: list[Doubt] = field(default_factory=list)

    def add(self, problem: RowProblem) -> None:
        """Counts one more."""
        self.count += 1
        if len(self.listed) < MAX_PROBLEMS:
            self.listed.append(problem)

    def doubt(self, found: Iterable[Doubt]) -> None:
        """Keeps them, as far as there is room."""
        self.doubts.extend(islice(found, MAX_DOUBTS - len(self.doubts)))


@dataclass(frozen=True)
class Gate:
    """Looks at readings of one distributor's locked meters, at one moment in seconds since 1970."""

    distributor: Distributor
    meters: LockedMeters
    now: int
    problems: Problems

    def usable(self, readings: Readings) -> Readings:
        """Those that may be stored, sorted by meter and start, none twice; the others become problems."""
        known = places_of(readings.meter_ids, self.meters.ids) >= 0
        self._report(readings, ~known, lambda at: "there is no such meter")
        readings = readings if known.all() else readings.take(known)
        good = np.ones(len(readings), np.bool_)
        for reason in self._reasons(readings):
            self._report(readings, reason.mask & good, reason.sentence, reason.rule)
            good &= ~reason.mask
        readings = readings if good.all() else readings.take(good)
        keys = keys_of(readings.meter_ids, readings.starts)
        if (keys[1:] <= keys[:-1]).any():
            return self._agreeing(readings.take(np.argsort(keys, kind="stable")))
        return readings

    def _reasons(self, readings: Readings) -> Iterator[Reason]:
        places = np.searchsorted(self.meters.ids, readings.meter_ids)
        minutes = self.meters.minutes[places]
        starts = readings.starts
        # First of all: later reasons compute with the starts.
        yield Reason(starts < EARLIEST, lambda at: "a time before 1990 cannot be right")
        # In this order no sum is beyond 64 bits.
        late = starts > self.now - minutes * 60
        yield Reason(late, lambda at: "the interval has not ended yet", QualityRule.FUTURE)
        for span in self._archived(starts):
            archived = (starts >= span.start) & (starts < span.end)
            yield Reason(archived, lambda at: "its month is archived; archive_readings --restore brings it back")
        askew, no_interval = (
            self._askew(readings, places),
            lambda at: f"no interval of {minutes[at]} minutes starts then",
        )
        if askew.any():
            yield Reason(askew & _reaching_into_others(readings, minutes * 60), no_interval, QualityRule.OVERLAP)
        yield Reason(askew, no_interval)
        yield from self._values(readings, places)

    def _values(self, readings: Readings, places: Integers) -> Iterator[Reason]:
        energies = readings.energies_wh
        negative = (energies < 0) & (self.meters.exports[places] == 0)
        feeds_in = "is negative, but the meter does not feed into the grid"
        yield Reason(negative, lambda at: feeds_in, QualityRule.NEGATIVE)
        immense = (energies > MAX_ENERGY_WH) | (energies < -MAX_ENERGY_WH)
        yield Reason(immense, lambda at: "is more than any meter measures; is the unit right?")
        strange = (readings.qualities < min(Quality.values)) | (readings.qualities > max(Quality.values))
        yield Reason(strange, lambda at: f"there is no quality {readings.qualities[at]}")

    def _archived(self, starts: Integers) -> list[Span]:
        """The months that are in files alone; none is asked for where all starts are too recent for it."""
        old = len(starts) and starts.min() < self.now - ARCHIVED_AFTER
        return removed_spans(distributor_id=self.distributor.pk) if old else []

    def _askew(self, readings: Readings, places: Integers) -> Mask:
        """Which starts are not on their meter's grid, which counts from the midnight of its clock."""
        askew = np.zeros(len(readings), np.bool_)
        plausible = (readings.starts >= EARLIEST) & (readings.starts <= self.now)
        names, zones = np.unique([self.meters.zones[meter] for meter in self.meters.ids.tolist()], return_inverse=True)
        for number, name in enumerate(names.tolist()):
            mine = (zones[places] == number) & plausible
            starts, minutes = readings.starts[mine], self.meters.minutes[places[mine]]
            local = starts + offsets_at(starts, zone_of(name, self.distributor))
            askew[mine] = local % (minutes * 60) != 0
        return askew

    def _agreeing(self, readings: Readings) -> Readings:
        """Sorted rows without repetitions; rows that contradict each other are all left out."""
        if not len(readings):
            return readings
        keys = keys_of(readings.meter_ids, readings.starts)
        first = np.append(True, keys[1:] != keys[:-1])
        group = np.cumsum(first) - 1
        firsts = np.flatnonzero(first)[group]
        other = (readings.energies_wh != readings.energies_wh[firsts]) | (
            readings.qualities != readings.qualities[firsts]
        )
        contradicted = np.isin(group, group[other])
        sentence: Sentence = lambda at: self._contradiction(readings, keys, at)  # noqa: E731  # bound to these rows
        self._report(readings, contradicted, sentence, QualityRule.DUPLICATE)
        return readings.take(first & ~contradicted)

    def _contradiction(self, readings: Readings, keys: Integers, at: int) -> str:
        low, high = np.searchsorted(keys, keys[at], "left"), np.searchsorted(keys, keys[at], "right")
        others = [str(row) for row in readings.rows[low:high].tolist() if row != readings.rows[at]]
        where = f"row {', '.join(others[:5])}" if others else "the same row"
        return f"{where} gives another value for the same interval"

    def _report(self, readings: Readings, mask: Mask, sentence: Sentence, rule: QualityRule | None = None) -> None:
        if rule is not None and mask.any():
            refused = readings.take(mask)
            steps = self.meters.minutes[np.searchsorted(self.meters.ids, refused.meter_ids)] * 60
            self.problems.doubt(doubts_of(rule, refused, steps))
        for at in np.flatnonzero(mask).tolist():
            number = self.meters.numbers.get(int(readings.meter_ids[at]), "")
            shown = _shown(int(readings.starts[at]))
            self.problems.add(RowProblem(int(readings.rows[at]), number, shown, sentence(at)))


def _reaching_into_others(readings: Readings, steps: Integers) -> Mask:
    """Which intervals have another start of their meter within them, or begin within another interval."""
    keys = keys_of(readings.meter_ids, readings.starts)
    ordered = np.unique(keys)
    near = np.searchsorted(ordered, keys + steps, "left") - np.searchsorted(ordered, keys - steps, "right")
    reaching: Mask = near > 1
    return reaching


def offsets_at(starts: Integers, zone: tzinfo) -> Integers:
    """The zone's offset from UTC in seconds at each start; clocks change on a quarter of an hour."""
    if not len(starts):
        return starts
    quarters = starts // _QUARTER
    low, high = int(quarters.min()), int(quarters.max())
    if high - low < len(quarters) + _FEW:
        # A table of the whole span is quicker than sorting the rows.
        table = np.array([_offset(quarter * _QUARTER, zone) for quarter in range(low, high + 1)], np.int64)
        return table[quarters - low]
    each, back = np.unique(quarters, return_inverse=True)
    return np.array([_offset(quarter * _QUARTER, zone) for quarter in each.tolist()], np.int64)[back]


def _offset(seconds: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(seconds, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _shown(start: int) -> str:
    # Years after 9999 cannot be written.
    return time_text(start) if 0 <= start < 250_000_000_000 else str(start)
