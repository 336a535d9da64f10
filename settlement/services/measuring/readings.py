"""Readings of many meters at a few times, as matrices: past the ORM, which handles every value by itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from meters.models import IntervalReading, Quality
from meters.services.slots import seconds_in_sql, times_of

READINGS = IntervalReading._meta.db_table

Integers = NDArray[np.int64]


class Matrix(NamedTuple):
    """(meters, starts): Wh, and whether a metered reading is there; no estimate, none missing."""

    energies: Integers
    metered: NDArray[np.bool_]


def read_matrix(ids: Sequence[int], starts: Sequence[datetime], minutes: int) -> Matrix:
    """The readings of these meters (sorted ids) in these intervals (sorted starts). One query."""
    seconds = np.array([int(start.timestamp()) for start in starts], np.int64)
    meters, found, energies, qualities = _columns(ids, _spans(seconds, minutes * 60))
    columns = np.minimum(np.searchsorted(seconds, found), len(seconds) - 1)
    wanted = seconds[columns] == found
    places = np.searchsorted(np.array(ids, np.int64), meters)[wanted], columns[wanted]
    matrix = np.zeros((len(ids), len(seconds)), np.int64)
    metered = np.zeros(matrix.shape, np.bool_)
    matrix[places] = energies[wanted]
    metered[places] = qualities[wanted] != Quality.ESTIMATED
    return Matrix(matrix, metered)


def _spans(seconds: Integers, step: int) -> list[tuple[str, str]]:
    """First and last start of each unbroken row of intervals, so that the database walks a few ranges per meter."""
    breaks = np.flatnonzero(np.diff(seconds) != step) + 1
    rows = np.split(seconds, breaks)
    return [(first, last) for first, last in (times_of(row[[0, -1]]) for row in rows)]


def _columns(ids: Sequence[int], spans: list[tuple[str, str]]) -> Integers:
    """(4, rows): meter, second, Wh and quality."""
    listed = ",".join(str(int(meter_id)) for meter_id in ids)
    within = " OR ".join(f"start BETWEEN '{first}' AND '{last}'" for first, last in spans)
    where = f"meter_id IN ({listed}) AND ({within})"
    columns = (seconds_in_sql(), "energy_wh", "quality")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"SELECT meter_id, {', '.join(columns)} FROM {READINGS} WHERE {where}")  # noqa: S608 - numbers
            rows = cursor.fetchall()
            return np.array(rows, np.int64).reshape(len(rows), 4).T
        # One row per meter: the driver makes a Python object of each value it hands over, numpy does not.
        lists = ", ".join(f"GROUP_CONCAT({column})" for column in columns)
        sql = f"SELECT meter_id, COUNT(*), {lists} FROM {READINGS} WHERE {where} GROUP BY meter_id"  # noqa: S608 - numbers
        cursor.execute(f"SET STATEMENT group_concat_max_len = 1073741824 FOR {sql}")
        meters, counts, *texts = list(zip(*cursor.fetchall(), strict=True)) or [()] * 5
    numbers = [np.fromstring(",".join(each), np.int64, sep=",") for each in texts]
    return np.stack([np.repeat(np.array(meters, np.int64), np.array(counts, np.int64)), *numbers])
