"""Which readings cannot be true, and why: the one gate for every way in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from meters.formats import RowProblem
from meters.formats.values import time_text
from meters.models import Quality
from meters.services.columns import Integers, Readings
from meters.services.locks import LockedMeters, zone_of
from meters.services.slots import keys_of
from organizations.models import Distributor

# 10 GWh in one interval is more than a large city takes: the unit is wrong.
MAX_ENERGY_WH = 10_000_000_000
EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
MAX_PROBLEMS = 100_000

Mask = NDArray[np.bool_]
Sentence = Callable[[int], str]
_QUARTER = 900


@dataclass
class Problems:
    """What was left out: the first MAX_PROBLEMS rows in detail, and the number of all."""

    listed: list[RowProblem] = field(default_factory=list)
    count: int = 0

    def add(self, problem: RowProblem) -> None:
        """Counts one more."""
        self.count += 1
        if len(self.listed) < MAX_PROBLEMS:
            self.listed.append(problem)


@dataclass(frozen=True)
class Gate:
    """Looks at readings of one distributor's locked meters, at one moment in seconds since 1970."""

    distributor: Distributor
    meters: LockedMeters
    now: int
    problems: Problems

    def usable(self, readings: Readings) -> Readings:
        """Those that may be stored, sorted by meter and start, none twice; the others become problems."""
        known = np.isin(readings.meter_ids, self.meters.ids)
        self._report(readings, ~known, lambda at: "there is no such meter")
        readings = readings.take(known)
        good = np.ones(len(readings), np.bool_)
        for mask, sentence in self._reasons(readings):
            self._report(readings, mask & good, sentence)
            good &= ~mask
        readings = readings.take(good)
        return self._agreeing(readings.take(np.lexsort((readings.starts, readings.meter_ids))))

    def _reasons(self, readings: Readings) -> Iterator[tuple[Mask, Sentence]]:
        places = np.searchsorted(self.meters.ids, readings.meter_ids)
        minutes, exports = self.meters.minutes[places], self.meters.exports[places]
        starts, energies = readings.starts, readings.energies_wh
        # First of all: later reasons compute with the starts.
        yield starts < EARLIEST, lambda at: "a time before 1990 cannot be right"
        yield starts + minutes * 60 > self.now, lambda at: "the interval has not ended yet"
        yield self._askew(readings, minutes), lambda at: f"no interval of {minutes[at]} minutes starts then"
        negative = (energies < 0) & (exports == 0)
        yield negative, lambda at: "is negative, but the meter does not feed into the grid"
        yield (
            np.abs(energies) > MAX_ENERGY_WH,
            lambda at: "is more than any meter measures; is the unit right?",
        )
        strange = ~np.isin(readings.qualities, Quality.values)
        yield strange, lambda at: f"there is no quality {readings.qualities[at]}"

    def _askew(self, readings: Readings, minutes: Integers) -> Mask:
        """Which starts are not on their meter's grid, which counts from the midnight of its clock."""
        askew = np.zeros(len(readings), np.bool_)
        plausible = (readings.starts >= EARLIEST) & (readings.starts <= self.now)
        names = np.array([self.meters.zones[int(meter)] for meter in self.meters.ids])
        places = np.searchsorted(self.meters.ids, readings.meter_ids)
        for name in np.unique(names).tolist():
            mine = (names[places] == name) & plausible
            starts = readings.starts[mine]
            local = starts + offsets_at(starts, zone_of(name, self.distributor))
            askew[mine] = local % (minutes[mine] * 60) != 0
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
        self._report(readings, contradicted, lambda at: self._contradiction(readings, keys, at))
        return readings.take(first & ~contradicted)

    def _contradiction(self, readings: Readings, keys: Integers, at: int) -> str:
        low, high = np.searchsorted(keys, keys[at], "left"), np.searchsorted(keys, keys[at], "right")
        others = [str(row) for row in readings.rows[low:high].tolist() if row != readings.rows[at]]
        where = f"row {', '.join(others[:5])}" if others else "the same row"
        return f"{where} gives another value for the same interval"

    def _report(self, readings: Readings, mask: Mask, sentence: Sentence) -> None:
        for at in np.flatnonzero(mask).tolist():
            number = self.meters.numbers.get(int(readings.meter_ids[at]), "")
            shown = _shown(int(readings.starts[at]))
            self.problems.add(RowProblem(int(readings.rows[at]), number, shown, sentence(at)))


def offsets_at(starts: Integers, zone: tzinfo) -> Integers:
    """The zone's offset from UTC in seconds at each start; clocks change on a quarter of an hour."""
    quarters, back = np.unique(starts // _QUARTER, return_inverse=True)
    offsets = [_offset(quarter * _QUARTER, zone) for quarter in quarters.tolist()]
    return np.array(offsets, np.int64)[back] if offsets else starts


def _offset(seconds: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(seconds, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _shown(start: int) -> str:
    # Years after 9999 cannot be written.
    return time_text(start) if 0 <= start < 250_000_000_000 else str(start)
