"""Readings, predictions and extraordinary days of many meters as arrays for the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from common.intervals import DAY, clock_slot, day_bounds, local_day, slot_starts
from meters.models import Meter, Prediction, Quality
from meters.services import excluded_spans
from meters.services.recent import readings_in
from settlement.baselines import Exclusion, exclusion_days
from settlement.placebo.load import Floats, Load

# A minute's rows at once, not a year's: what is fetched stands in memory as Python's objects for a moment.
MOST_ROWS = 400_000
MINUTE = timedelta(minutes=1)
NO_TIME = timedelta(0)


@dataclass(frozen=True)
class _Calendar:
    """The intervals of some local days by the clock.

    Attributes:
        first_second: UTC, seconds since 1970.
        cells: (intervals,): the place of each in (days × slots of a day), flattened.
        expected: (days × slots,): how many intervals fall into each place.
    """

    first_second: int
    cells: NDArray[np.intp]
    expected: NDArray[np.intp]


@lru_cache(maxsize=8)
def _calendar(first: date, last: date, zone: ZoneInfo, minutes: int) -> _Calendar:
    start, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    per_day = 1440 // minutes
    cells = np.array(
        [
            (local_day(at, zone) - first).days * per_day + clock_slot(at, zone, minutes)
            for at in slot_starts(start, end, minutes)
        ],
        dtype=np.intp,
    )
    expected = np.bincount(cells, minlength=((last - first).days + 1) * per_day)
    return _Calendar(int(start.timestamp()), cells, expected)


def fetch_load(*, meters: Sequence[Meter], first: date, last: date, zone: ZoneInfo) -> Load:
    """The load of meters with one interval length on the local days from first to last.

    Whose readings these are is the caller's question. Two queries, and one more for each 400 000 readings.
    """
    minutes = meters[0].interval_minutes
    calendar = _calendar(first, last, zone, minutes)
    shape = len(meters), (last - first).days + 1, 1440 // minutes
    total, count, estimated = np.zeros((3, shape[0], calendar.expected.size))
    for chunk in _chunks(len(meters), calendar.cells.size):
        rows, cells, energy, quality = _readings([meters[at] for at in chunk], chunk[0], first, last, zone, calendar)
        np.add.at(total, (rows, cells), energy)
        np.add.at(count, (rows, cells), 1)
        np.add.at(estimated, (rows, cells), quality == Quality.ESTIMATED)
    whole = (count == calendar.expected) & (calendar.expected > 0)
    means = np.where(whole, total / np.maximum(count, 1), np.nan)
    return Load(
        first=first,
        energy=means.reshape(shape),
        estimated=(estimated > 0).reshape(shape),
        excluded=_excluded(meters, first, last, zone),
        exists=(calendar.expected > 0).reshape(shape[1:]),
    )


def _chunks(meters: int, intervals: int) -> list[range]:
    size = max(1, MOST_ROWS // max(intervals, 1))
    return [range(at, min(at + size, meters)) for at in range(0, meters, size)]


def _readings(
    meters: Sequence[Meter], offset: int, first: date, last: date, zone: ZoneInfo, calendar: _Calendar
) -> tuple[NDArray[np.int64], ...]:
    """Row, cell, Wh and quality of each reading."""
    spans = [(day_bounds(first, zone)[0], day_bounds(last, zone)[1])]
    ids, seconds, energy, quality = readings_in(meter_ids=[meter.pk for meter in meters], spans=spans)
    places = {meter.pk: offset + at for at, meter in enumerate(meters)}
    rows = np.array([places[pk] for pk in ids.tolist()], dtype=np.int64)
    step = meters[0].interval_minutes * 60
    at, odd = np.divmod(seconds - calendar.first_second, step)
    # What does not begin with an interval of the clock belongs to none of them.
    good = (odd == 0) & (at >= 0) & (at < calendar.cells.size)
    return rows[good], calendar.cells[at[good]], energy[good], quality[good]


def _excluded(meters: Sequence[Meter], first: date, last: date, zone: ZoneInfo) -> NDArray[np.bool_]:
    start, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    spans = excluded_spans(meters=meters, start=start, end=end)
    found = np.zeros((len(meters), (last - first).days + 1), bool)
    for row, meter in enumerate(meters):
        for day in exclusion_days(((span.start, span.end, Exclusion.EVENT) for span in spans[meter.pk]), zone):
            if first <= day <= last:
                found[row, (day - first).days] = True
    return found


def fetch_predictions(
    *, meters: Sequence[Meter], first: date, last: date, zone: ZoneInfo, minute: int = 0, lead: timedelta = NO_TIME
) -> Floats:
    """(meters, days, slots): what was predicted in time, Wh; NaN where nothing was. One query.

    Args:
        minute, lead: a prediction of a day is in time if it was made this long before this minute of the day; else
            before the day began.
    """
    minutes = meters[0].interval_minutes
    calendar = _calendar(first, last, zone, minutes)
    shape = len(meters), (last - first).days + 1, 1440 // minutes
    found = np.full((shape[0], calendar.expected.size), np.nan)
    places = {meter.pk: at for at, meter in enumerate(meters)}
    begins = {number: day_bounds(first + number * DAY, zone)[0] for number in range(shape[1])}
    rows = Prediction.objects.filter(
        meter__in=list(places), start__gte=begins[0], start__lt=day_bounds(last, zone)[1]
    ).values_list("meter_id", "start", "wh", "issued_at")
    for meter_id, start, wh, issued_at in rows.iterator(chunk_size=5000):
        at, odd = divmod(int(start.timestamp()) - calendar.first_second, minutes * 60)
        cell = calendar.cells[at]
        if not odd and issued_at <= begins[int(cell) // shape[2]] + minute * MINUTE - lead:
            found[places[meter_id], cell] = wh
    return found.reshape(shape)
