"""One meter's readings and predictions as columns: only the dates that were the reader's."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from accounts.models import User
from dashboards.charts import MeterSlots
from dashboards.charts.data import Floats, Words
from meters.models import IntervalReading, Meter, Prediction, Quality
from meters.services import held_by
from meters.services.slots import seconds_in_sql

READINGS, PREDICTIONS = IntervalReading._meta.db_table, Prediction._meta.db_table
# No energy in Wh, and exact in a float: stands for NULL on the way through the driver.
NOTHING = -(2**53)


Spans = Sequence[tuple[datetime, datetime]]


def meter_slots(*, user: User, meter: Meter, start: datetime, end: datetime) -> MeterSlots:
    """Readings in [start, end) beside their predictions, and predictions that have no reading yet. Three queries."""
    spans = _theirs(user, meter, start, end)
    measured = _columns(READINGS, ("energy_wh", f"COALESCE(predicted_wh, {NOTHING})", "quality"), meter, spans)
    expected = _columns(PREDICTIONS, ("wh", "lower_wh", "upper_wh"), meter, spans)
    return _joined(measured, expected, meter.interval_minutes)


def measured_slots(*, user: User, meter: Meter, start: datetime, end: datetime) -> MeterSlots:
    """The readings in [start, end) alone. Two queries."""
    found = _columns(READINGS, ("energy_wh", "quality"), meter, _theirs(user, meter, start, end))
    seconds, energy, quality = found
    nothing = np.full(len(seconds), np.nan)
    return MeterSlots(
        _times(seconds), energy, nothing, nothing, nothing, interval_minutes=meter.interval_minutes,
        **_qualities(quality.astype(np.int64)),
    )  # fmt: skip


def plain_readings(*, user: User, meter: Meter, start: datetime, end: datetime) -> Iterator[tuple[int, int, int]]:
    """(start in seconds since 1970 UTC, Wh, number of the quality) of each reading in [start, end). Two queries."""
    found = _columns(READINGS, ("energy_wh", "quality"), meter, _theirs(user, meter, start, end))
    seconds, energy, quality = (column.astype(np.int64).tolist() for column in found)
    return zip(seconds, energy, quality, strict=True)


def _theirs(user: User, meter: Meter, start: datetime, end: datetime) -> Spans:
    """The parts of [start, end) in which the meter was the reader's; all of it for the distributor's people.

    The same rows as `IntervalReading.objects.visible_to`, without a look at the map for every row.
    """
    held = held_by(user=user, meter=meter)
    if held is None:
        return [(start, end)]
    cut = [(max(start, one.start), end if one.end is None else min(end, one.end)) for one in held]
    return [(first, last) for first, last in cut if first < last]


def _columns(table: str, names: Sequence[str], meter: Meter, spans: Spans) -> list[Floats]:
    """The start in seconds and the named columns, oldest first.

    Past the ORM, which would handle every row by itself. Whole numbers up to 2**53 pass through floats unharmed.
    """
    found: Sequence[tuple[int, ...]] = ()
    if spans:
        within = " OR ".join(f"start >= '{_stored(first)}' AND start < '{_stored(last)}'" for first, last in spans)
        # Constants all: names and tables of this module, a number and times; in the order of the key, not sorted.
        asked = f"SELECT {seconds_in_sql()}, {', '.join(names)} FROM {table}"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(f"{asked} WHERE meter_id = {int(meter.pk)} AND ({within}) ORDER BY start")
            found = cursor.fetchall()
    width = len(names) + 1
    flat = np.fromiter(chain.from_iterable(found), np.float64, count=len(found) * width)
    return list(np.ascontiguousarray(flat.reshape(-1, width).T))


def _stored(moment: datetime) -> str:
    """A moment as the database writes it; parts of a second round up, as no reading starts between two seconds."""
    whole = moment.astimezone(UTC) + (timedelta(microseconds=999_999) if moment.microsecond else timedelta())
    return f"{whole:%Y-%m-%d %H:%M:%S}"


def _times(seconds: Floats) -> NDArray[np.datetime64]:
    return (seconds.astype(np.int64) * 1000).astype("datetime64[ms]")


def _qualities(codes: NDArray[np.int64]) -> Mapping[str, Any]:
    words = {kind.value: str(kind.label) for kind in Quality if kind != Quality.MEASURED}
    return {"quality": Words(codes, words), "estimated": codes == Quality.ESTIMATED}


def _merged(first: Floats, second: Floats) -> Floats:
    """The values of both, rising, each once; both rise, which sorting by runs is quickest with."""
    both = np.sort(np.concatenate([first, second]), kind="stable")
    merged: Floats = both[np.diff(both, prepend=-np.inf) > 0]
    return merged


def _joined(measured: list[Floats], expected: list[Floats], minutes: int) -> MeterSlots:
    starts = _merged(measured[0], expected[0])
    here, there = np.searchsorted(starts, measured[0]), np.searchsorted(starts, expected[0])
    energy, predicted, lower, upper = (np.full(len(starts), np.nan) for _ in range(4))
    for column, values in zip((predicted, lower, upper), expected[1:], strict=True):
        column[there] = values
    energy[here] = measured[1]
    # What stands beside the reading was in force at its time, whatever was forecast later.
    predicted[here] = np.where(measured[2] == NOTHING, predicted[here], measured[2])
    codes = np.zeros(len(starts), np.int64)
    codes[here] = measured[3].astype(np.int64)
    return MeterSlots(_times(starts), energy, predicted, lower, upper, interval_minutes=minutes, **_qualities(codes))
