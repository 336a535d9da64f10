"""Sums of one set of readings by hour of UTC and by day of the meters' clock: pure functions on arrays."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

import numpy as np

from common.intervals import DAY, day_bounds, local_day
from meters.models import Quality
from meters.services.columns import Integers

HOUR = 3_600
NO_PREDICTION = -(2**62)
_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True)
class Raw:
    """Readings sorted by meter and start; `predicted_wh` is NO_PREDICTION where there is none."""

    meter_ids: Integers
    starts: Integers
    energy_wh: Integers
    predicted_wh: Integers
    qualities: Integers


def hours_of_readings(raw: Raw) -> Integers:
    """A row per meter and hour of UTC in which a reading starts, as the matrix of `tables.HOURS`."""
    hours = raw.starts // HOUR * HOUR
    firsts = _firsts(raw.meter_ids, hours)
    return np.column_stack([raw.meter_ids[firsts], hours[firsts], _sums(raw, firsts)])


def days_of_readings(raw: Raw, zone: tzinfo) -> Integers:
    """A row per meter and local day in which a reading starts, as the matrix of `tables.DAYS`.

    The peak is the highest slot, of several alike the first.
    """
    days = _days(raw.starts, zone)
    firsts = _firsts(raw.meter_ids, days)
    peaks = _peaks(raw.energy_wh, firsts)
    columns = [raw.meter_ids[firsts], days[firsts], _sums(raw, firsts), raw.energy_wh[peaks], raw.starts[peaks]]
    return np.column_stack(columns)


def peaks_of_meters(raw: Raw) -> tuple[Integers, Integers]:
    """The meters with readings, and the place of the highest of each, of several alike the first."""
    firsts = _firsts(raw.meter_ids, np.zeros_like(raw.meter_ids))
    return raw.meter_ids[firsts], _peaks(raw.energy_wh, firsts)


def day_at(second: int, zone: tzinfo) -> date:
    """The local day whose bounds hold the instant: where a clock goes back over midnight, the later one."""
    day = local_day(datetime.fromtimestamp(second, UTC), zone)
    return day if second < day_start(day + DAY, zone) else day + DAY


def whole_days(start: int, end: int, zone: tzinfo) -> tuple[int, int]:
    """The seconds from the start of the local day of `start` to the end of that of the last second before `end`."""
    return day_start(day_at(start, zone), zone), day_start(day_at(end - 1, zone) + DAY, zone)


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - _FIRST_DAY).days


def _firsts(meter_ids: Integers, times: Integers) -> Integers:
    """The places at which another meter, hour or day begins."""
    if not len(meter_ids):
        return np.empty(0, np.int64)
    return np.append(0, np.flatnonzero((np.diff(meter_ids) != 0) | (np.diff(times) != 0)) + 1)


def _sums(raw: Raw, firsts: Integers) -> Integers:
    """The columns of `tables.SUMS` for the parts that begin at `firsts`."""
    has = raw.predicted_wh != NO_PREDICTION
    predicted, compared = np.where(has, raw.predicted_wh, 0), np.where(has, raw.energy_wh, 0)
    estimated = raw.qualities == Quality.ESTIMATED
    columns = [raw.energy_wh, np.ones_like(raw.starts), estimated, has, predicted, compared]
    columns += [predicted > compared, np.maximum(predicted - compared, 0)]
    if not len(firsts):
        return np.empty((0, len(columns)), np.int64)
    return np.column_stack([np.add.reduceat(column.astype(np.int64), firsts) for column in columns])


def _peaks(energy_wh: Integers, firsts: Integers) -> Integers:
    """The place of the highest value of each part, of several alike the first."""
    if not len(firsts):
        return firsts
    highest = np.maximum.reduceat(energy_wh, firsts)
    part = np.repeat(np.arange(len(firsts)), np.diff(np.append(firsts, len(energy_wh))))
    at = np.flatnonzero(energy_wh == highest[part])
    peaks: Integers = at[np.append(True, np.diff(part[at]) != 0)]
    return peaks


def _days(starts: Integers, zone: tzinfo) -> Integers:
    """The local day of each start, in days since 1970."""
    if not len(starts):
        return starts
    first, last = day_at(int(starts.min()), zone), day_at(int(starts.max()), zone)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    begins = np.array([day_start(day, zone) for day in days], np.int64)
    return np.searchsorted(begins, starts, "right") - 1 + day_number(first)


@lru_cache(maxsize=20_000)
def day_start(day: date, zone: tzinfo) -> int:
    """The second in which a local day begins."""
    return int(day_bounds(day, zone)[0].timestamp())
