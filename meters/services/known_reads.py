"""The register reads that are stored around others."""

from collections.abc import Iterator

import numpy as np
from django.db import connection

from meters.services.cells import times_of
from meters.services.columns import Integers, RegisterReads
from meters.services.slots import keys_of, seconds_in_sql

REGISTER_READS = "meters_registerread"
# Reads of one meter further apart than this are looked up apart: nobody wants the years between.
_APART = 32 * 86_400
_METERS = 2_000


def reads_around(reads: RegisterReads) -> tuple[Integers, Integers]:
    """Sorted keys and values of what is stored at, between, last before and first after these (sorted) reads."""
    rows: set[tuple[int, int, int]] = set()
    with connection.cursor() as cursor:
        for meter_ids, first, last in _spans(reads):
            for sql in _queries(meter_ids, first, last):
                cursor.execute(sql)
                rows.update(cursor.fetchall())
    found = np.array(sorted(rows), np.int64).reshape(len(rows), 3)
    return keys_of(found[:, 0], found[:, 1]), found[:, 2]


def _spans(reads: RegisterReads) -> Iterator[tuple[list[int], int, int]]:
    """Meters, and from when to when to look."""
    meters, starts = reads.meter_ids, reads.starts
    if not len(meters):
        return
    if starts.max() - starts.min() <= _APART:
        each = np.unique(meters).tolist()
        for cut in range(0, len(each), _METERS):
            yield each[cut : cut + _METERS], int(starts.min()), int(starts.max())
        return
    breaks = (np.diff(meters) != 0) | (np.diff(starts) > _APART)
    firsts = np.append(0, np.flatnonzero(breaks) + 1)
    lasts = np.append(firsts[1:], len(starts)) - 1
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        yield [int(meters[first])], int(starts[first]), int(starts[last])


def _queries(meter_ids: list[int], first: int, last: int) -> Iterator[str]:
    low, high = times_of(np.array([first, last]))
    ids = ",".join(map(str, meter_ids))
    columns = f"r.meter_id, {seconds_in_sql('r.at')}, r.value_wh"
    head = f"SELECT {columns} FROM {REGISTER_READS} r"  # noqa: S608  # own text
    yield f"{head} WHERE r.meter_id IN ({ids}) AND r.at BETWEEN '{low}' AND '{high}'"
    for nearest, beyond in (("MAX", f"< '{low}'"), ("MIN", f"> '{high}'")):
        yield (
            f"{head} JOIN (SELECT meter_id, {nearest}(at) AS at FROM {REGISTER_READS} "  # noqa: S608  # own text
            f"WHERE meter_id IN ({ids}) AND at {beyond} GROUP BY meter_id) n "
            "ON n.meter_id = r.meter_id AND n.at = r.at"
        )
