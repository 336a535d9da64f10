"""Reads what the rules look at, for many meters in one query each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from meters.models import Quality
from meters.services.columns import Integers, integers
from meters.services.ingest import READINGS
from meters.services.quality.rules import DAY, HISTORY_DAYS, LEAST_DAYS, Floats, Values, usual_peak
from meters.services.slots import seconds_in_sql, times_of

_NOTHING = Values(integers([]), integers([]), np.zeros(0, bool))


def values_of(meter_ids: Sequence[int], start: int, end: int) -> dict[int, Values]:
    """Per meter its readings that start in [start, end); every meter has an entry."""
    rows = _rows(f"SELECT meter_id, {seconds_in_sql()}, energy_wh, quality", meter_ids, start, end, "meter_id, start")
    found = np.array(rows, np.int64).reshape(-1, 4)
    firsts = np.flatnonzero(np.diff(found[:, 0], prepend=-1))
    parts = np.split(found, firsts[1:]) if len(found) else []
    values = dict.fromkeys(meter_ids, _NOTHING)
    return values | {int(part[0, 0]): Values(part[:, 1], part[:, 2], part[:, 3] == Quality.ESTIMATED) for part in parts}


@dataclass(frozen=True)
class Days:
    """One meter's days of UTC with a measured reading: day numbers, highest Wh, slots, slots of 0."""

    days: Integers
    peaks: Integers
    slots: Integers
    zeros: Integers

    def before(self, starts: Integers) -> tuple[Floats, Floats]:
        """Per start the usual peak and the share of zeros in the HISTORY_DAYS before its day; NaN where unknown."""
        wanted = starts // DAY
        peaks, shares = np.full(len(starts), np.nan), np.full(len(starts), np.nan)
        for day in np.unique(wanted).tolist():
            low, high = np.searchsorted(self.days, [day - HISTORY_DAYS, day])
            if high - low < LEAST_DAYS:
                continue
            inside = slice(*np.searchsorted(wanted, [day, day + 1]).tolist())
            peaks[inside] = usual_peak(self.peaks[low:high].astype(np.float64))
            shares[inside] = self.zeros[low:high].sum() / self.slots[low:high].sum()
        return peaks, shares


def days_of(meter_ids: Sequence[int], start: int, end: int) -> dict[int, Days]:
    """Per meter its days from HISTORY_DAYS before `start` until `end`; summed in the database."""
    day = "DATEDIFF(start, '1970-01-01')"
    if connection.vendor == "sqlite":
        day = f"{seconds_in_sql()} / {DAY}"
    rows = _rows(
        f"SELECT meter_id, {day} AS number, MAX(energy_wh), COUNT(*), SUM(CASE WHEN energy_wh = 0 THEN 1 ELSE 0 END)",
        meter_ids,
        start // DAY * DAY - HISTORY_DAYS * DAY,
        end,
        "meter_id, number",
        f"AND quality <> {Quality.ESTIMATED.value} GROUP BY meter_id, number",
    )
    found = np.array(rows, np.int64).reshape(-1, 5)
    firsts = np.flatnonzero(np.diff(found[:, 0], prepend=-1))
    parts = np.split(found, firsts[1:]) if len(found) else []
    nothing = integers([])
    days = dict.fromkeys(meter_ids, Days(nothing, nothing, nothing, nothing))
    return days | {int(part[0, 0]): Days(part[:, 1], part[:, 2], part[:, 3], part[:, 4]) for part in parts}


def _rows(
    select: str, meter_ids: Sequence[int], start: int, end: int, order: str, tail: str = ""
) -> list[tuple[int, ...]]:
    if not meter_ids:
        return []
    low, high = times_of(integers([start, end]))
    with connection.cursor() as cursor:
        cursor.execute(
            f"{select} FROM {READINGS} WHERE meter_id IN ({_ids(meter_ids)}) "
            f"AND start >= '{low}' AND start < '{high}' {tail} ORDER BY {order}"
        )
        return list(cursor.fetchall())


def neighbours(meter_ids: Sequence[int], start: int, end: int) -> dict[int, tuple[int | None, int | None]]:
    """Per meter the starts of the last reading before `start` and of the first one at or after `end`."""
    if not meter_ids:
        return {}
    low, high = times_of(integers([start, end]))
    seconds = seconds_in_sql()
    last = f"(SELECT {seconds} FROM {READINGS} WHERE meter_id = m.id AND start < '{low}' ORDER BY start DESC LIMIT 1)"  # noqa: S608  # own text
    first = f"(SELECT {seconds} FROM {READINGS} WHERE meter_id = m.id AND start >= '{high}' ORDER BY start LIMIT 1)"  # noqa: S608  # own text
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT m.id, {last}, {first} FROM meters_meter m WHERE m.id IN ({_ids(meter_ids)})")  # noqa: S608  # own text
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def _ids(meter_ids: Sequence[int]) -> str:
    return ",".join(str(int(meter_id)) for meter_id in meter_ids)
