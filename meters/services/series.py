"""Readings of meters as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from meters.models import Meter
from meters.services.columns import Integers
from meters.services.ingest import READINGS
from meters.services.slots import seconds_in_sql

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """Readings of one meter by start: seconds since 1970 UTC, Wh, and the Wh predicted, NaN without one."""

    starts: Integers
    energy_wh: Floats
    predicted_wh: Floats


def series_of(*, meters: Sequence[Meter], start: datetime, end: datetime) -> dict[int, Series]:
    """Per meter id its readings that start in [start, end), in one query; meters without any are left out."""
    if not meters:
        return {}
    ids = ",".join(str(int(meter.pk)) for meter in meters)
    first, last = (str(moment.astimezone(UTC).replace(tzinfo=None)) for moment in (start, end))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT meter_id, {seconds_in_sql()}, energy_wh, predicted_wh FROM {READINGS} "  # noqa: S608  # own text
            f"WHERE meter_id IN ({ids}) AND start >= '{first}' AND start < '{last}' ORDER BY meter_id, start"
        )
        # Whole numbers up to 2**53 pass through floats unharmed, and NULL becomes NaN on the way.
        found = np.array(cursor.fetchall(), np.float64).reshape(-1, 4)
    firsts = np.flatnonzero(np.diff(found[:, 0], prepend=-1))
    return {
        int(part[0, 0]): Series(part[:, 1].astype(np.int64), part[:, 2], part[:, 3])
        for part in np.split(found, firsts[1:])
        if len(part)
    }
