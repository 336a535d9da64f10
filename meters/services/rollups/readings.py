"""The hours and days of some meters as they follow from their readings, against those that are stored."""

from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray

from common.intervals import DAY
from meters.services.archive.removed import Span, removed_spans
from meters.services.columns import Integers
from meters.services.rollups.energy import (
    HOUR,
    NO_PREDICTION,
    Raw,
    day_at,
    day_start,
    days_of_readings,
    hours_of_readings,
)
from meters.services.rollups.tables import (
    DAYS,
    HOURS,
    Difference,
    between,
    difference,
    fetch_of_meters,
    id_lists,
    seconds,
)

READINGS = "meters_intervalreading"
_EPOCH_DAY = np.datetime64("1970-01-01")


@dataclass(frozen=True)
class Patch:
    """Whole local days [start, end), in seconds, of meters with one clock."""

    meter_ids: tuple[int, ...]
    start: int
    end: int
    zone: tzinfo

    @property
    def hours(self) -> Span:
        """The whole hours of UTC that hold those days: in some zones a day begins within an hour."""
        return Span(self.start // HOUR * HOUR, -(-self.end // HOUR) * HOUR)


def raw_columns() -> list[str]:
    """The columns of `Raw` after the meter, in SQL."""
    return [seconds("start"), "energy_wh", f"COALESCE(predicted_wh, {NO_PREDICTION})", "quality"]


def read_patch(patch: Patch, *, distributor_id: int) -> tuple[Difference, Difference]:
    """What has to change in the hours and in the days of these meters. Nothing is written."""
    # Readings first: of a month that goes to the archive meanwhile, they or its mark are seen.
    raw = _raw(patch)
    removed = removed_spans(distributor_id=distributor_id)
    days = days_of_readings(_within(raw, patch), patch.zone)
    stored = _stored_hours(patch), _stored_days(patch)
    hours_of = [_hours_outside(rows, removed) for rows in (hours_of_readings(raw), stored[0])]
    days_of = [_days_outside(rows, removed, patch.zone) for rows in (days, stored[1])]
    return difference(*hours_of, key=2), difference(*days_of, key=2)


def _raw(patch: Patch) -> Raw:
    columns, condition = raw_columns(), between(*patch.hours)
    found = [
        fetch_of_meters(READINGS, columns, f"meter_id IN ({ids}) AND {condition}") for ids in id_lists(patch.meter_ids)
    ]
    return Raw(*np.concatenate(found).T)


def _within(raw: Raw, patch: Patch) -> Raw:
    if (patch.start, patch.end) == patch.hours:
        return raw
    inside = (raw.starts >= patch.start) & (raw.starts < patch.end)
    columns = (raw.meter_ids, raw.starts, raw.energy_wh, raw.predicted_wh, raw.qualities)
    return Raw(*(column[inside] for column in columns))


def _stored_hours(patch: Patch) -> Integers:
    condition = between(*patch.hours)
    return np.concatenate([HOURS.read(f"meter_id IN ({ids}) AND {condition}") for ids in id_lists(patch.meter_ids)])


def _stored_days(patch: Patch) -> Integers:
    low, high = (f"'{day_at(second, patch.zone)}'" for second in (patch.start, patch.end - 1))
    return np.concatenate(
        [DAYS.read(f"meter_id IN ({ids}) AND day BETWEEN {low} AND {high}") for ids in id_lists(patch.meter_ids)]
    )


def _hours_outside(rows: Integers, removed: list[Span]) -> Integers:
    """The rows without those of months whose readings are in files alone: they stay as they are."""
    kept: Integers = rows[~_touching(rows[:, 1], rows[:, 1] + HOUR, removed)] if removed else rows
    return kept


def _days_outside(rows: Integers, removed: list[Span], zone: tzinfo) -> Integers:
    if not removed:
        return rows
    days, back = np.unique(rows[:, 1], return_inverse=True)
    dates = (_EPOCH_DAY + days).tolist()
    begins = np.array([day_start(day, zone) for day in dates], np.int64)
    ends = np.array([day_start(day + DAY, zone) for day in dates], np.int64)
    kept: Integers = rows[~_touching(begins, ends, removed)[back]]
    return kept


def _touching(starts: Integers, ends: Integers, spans: list[Span]) -> NDArray[np.bool_]:
    touching: NDArray[np.bool_] = np.any([(starts < span.end) & (ends > span.start) for span in spans], axis=0)
    return touching
