"""A few hours of days that are summed already: only their readings are read, the day changes by the difference.

This is how the sums keep up with meters that send every reading as it comes.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from common.intervals import DAY
from meters.services.archive.removed import removed_spans
from meters.services.columns import Integers
from meters.services.rollups.energy import Raw, day_at, day_start, hours_of_readings, peaks_of_meters
from meters.services.rollups.marks import Mark
from meters.services.rollups.readings import READINGS, Patch, raw_columns
from meters.services.rollups.spans import HOUR, Span
from meters.services.rollups.tables import (
    COUNTS,
    DAYS,
    HOURS,
    SUMS,
    Difference,
    between,
    difference,
    fetch_few,
    id_lists,
)
from meters.services.rollups.work import Clock

# Hours of one day that are few.
_FEW = 6
# The statements of one patch take as long as the readings of so many hours of meters.
_HOURS_PER_PATCH = 300
_PEAK_WH, _PEAK_START = DAYS.columns.index("peak_wh"), DAYS.columns.index("peak_start")
_SUMS = slice(2, 2 + len(SUMS))
_NO_ENERGY = -(2**62)


@dataclass(frozen=True)
class FewHours:
    """Hours [start, end) within one local day of meters with one clock."""

    meter_ids: tuple[int, ...]
    span: Span
    clock: Clock
    marks: tuple[Mark, ...]

    @property
    def slots(self) -> int:
        """How many readings they hold."""
        return (self.span.end - self.span.start) // 60 // self.clock.minutes * len(self.meter_ids)

    @property
    def day(self) -> date:
        """The local day that holds them."""
        return day_at(self.span.start, self.clock.zone)

    @property
    def day_span(self) -> Span:
        """That day, from start to end."""
        return Span(*(day_start(day, self.clock.zone) for day in (self.day, self.day + DAY)))

    def whole_day(self, meter_ids: Sequence[int]) -> Patch | None:
        """All of the day, for some of the meters; None for none."""
        return Patch(tuple(meter_ids), *self.day_span, self.clock.zone) if meter_ids else None


def few_hours(marks: Sequence[Mark], clocks: Mapping[int, Clock]) -> list[FewHours]:
    """What of the marks asks for a few hours only, day by day where that is less to read than the whole day."""
    alike: dict[tuple[Clock, int, int], list[Mark]] = defaultdict(list)
    for mark in marks:
        clock = clocks.get(mark.meter_id)
        if clock is not None and mark.start < mark.end:
            alike[clock, mark.start // HOUR * HOUR, -(-mark.end // HOUR) * HOUR].append(mark)
    days: dict[tuple[Clock, date], dict[Span, list[Mark]]] = defaultdict(dict)
    for (clock, start, end), theirs in alike.items():
        if (day := _only_day(Span(start, end), clock)) is not None:
            days[clock, day][Span(start, end)] = theirs
    return [few for (clock, _day), spans in days.items() for few in _of_a_day(spans, clock)]


def _only_day(span: Span, clock: Clock) -> date | None:
    """The day of a few hours; None where they are many, or one is not wholly of that day."""
    if span.end - span.start > _FEW * HOUR:
        return None
    day = day_at(span.start, clock.zone)
    start, end = day_start(day, clock.zone), day_start(day + DAY, clock.zone)
    return day if start <= span.start and span.end <= end else None


def _of_a_day(spans: Mapping[Span, list[Mark]], clock: Clock) -> list[FewHours]:
    found = [
        FewHours(tuple(sorted({mark.meter_id for mark in marks})), span, clock, tuple(marks))
        for span, marks in _joined(spans)
    ]
    hours = sum((few.span.end - few.span.start) // HOUR * len(few.meter_ids) for few in found)
    whole = 24 * len({meter_id for few in found for meter_id in few.meter_ids})
    return found if hours + _HOURS_PER_PATCH * (len(found) - 1) <= whole else []


def _joined(spans: Mapping[Span, list[Mark]]) -> Iterator[tuple[Span, list[Mark]]]:
    """Neighboring hours as one, as long as they are few."""
    whole: Span | None = None
    marks: list[Mark] = []
    for span in sorted(spans):
        if whole is not None and span.end - whole.start > _FEW * HOUR:
            yield whole, marks
            whole, marks = None, []
        whole = span if whole is None else Span(whole.start, max(whole.end, span.end))
        marks.extend(spans[span])
    if whole is not None:
        yield whole, marks


def read_few_hours(few: FewHours, *, distributor_id: int) -> tuple[Difference, Difference, Patch | None]:
    """What has to change in the hours and in the days, and the meters whose whole day has to be read for that.

    Nothing is written. A day without a row has no hours to differ from; one whose peak has become lower may have
    it anywhere.
    """
    days = _read(few, DAYS.name, DAYS.selected, f"day = '{few.day}'", few.meter_ids)
    ids = days[:, 0].tolist()
    # Readings before months: of one that goes to the archive meanwhile, they or its mark are seen.
    condition = between(*few.span)
    raw = Raw(*_read(few, READINGS, ["meter_id", *raw_columns()], condition, ids).T)
    stored = _read(few, HOURS.name, HOURS.selected, _same_or_between(few.span), ids)
    hours = difference(hours_of_readings(raw), stored, key=2)
    wanted, sure = _moved(days, hours, raw, few.span)
    sure &= not _is_removed(few, distributor_id)
    again = sorted({*few.meter_ids} - {*days[sure, 0].tolist()})
    return hours.without(again), difference(wanted[sure], days[sure], key=2), few.whole_day(again)


def _read(few: FewHours, table: str, columns: Sequence[str], condition: str, ids: Sequence[int]) -> Integers:
    found = [fetch_few(table, columns, f"meter_id IN ({part}) AND {condition}") for part in id_lists(ids)]
    return np.concatenate([np.empty((0, len(columns)), np.int64), *found])


def _same_or_between(span: Span) -> str:
    """The hours of a span: of one alone the server need not guess how many rows it holds."""
    return between(*span) if span.end - span.start > HOUR else between(*span).split(" AND ")[0].replace(">=", "=")


def _is_removed(few: FewHours, distributor_id: int) -> bool:
    day = few.day_span
    return any(day.start < span.end and day.end > span.start for span in removed_spans(distributor_id=distributor_id))


def _moved(days: Integers, hours: Difference, raw: Raw, span: Span) -> tuple[Integers, NDArray[np.bool_]]:
    """The rows of the days as they are after the hours have changed, and of which that is known."""
    wanted = days.copy()
    for sign, rows in ((1, hours.written), (-1, hours.replaced), (-1, hours.gone)):
        np.add.at(wanted[:, _SUMS], np.searchsorted(days[:, 0], rows[:, 0]), sign * rows[:, _SUMS])
    highest, at = np.full(len(days), _NO_ENERGY), np.zeros(len(days), np.int64)
    meter_ids, peaks = peaks_of_meters(raw)
    place = np.searchsorted(days[:, 0], meter_ids)
    highest[place], at[place] = raw.energy_wh[peaks], raw.starts[peaks]
    peak, peak_at = days[:, _PEAK_WH], days[:, _PEAK_START]
    was_here = (peak_at >= span.start) & (peak_at < span.end)
    # Of several alike the first: before a peak in these hours every other slot is lower.
    takes = (highest > peak) | ((highest == peak) & (was_here | (at < peak_at)))
    wanted[takes, _PEAK_WH], wanted[takes, _PEAK_START] = highest[takes], at[takes]
    # Rows of another clock, which wait to be made again, may come out below nothing.
    sure = ~(was_here & (highest < peak)) & (wanted[:, COUNTS] >= 0).all(axis=1) & (wanted[:, COUNTS[0]] > 0)
    return wanted, sure
