"""Marks of what has to be summed again, written in the transaction of the change."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from django.utils import timezone

from meters.services.cells import Column, Constant, Numbers, Times
from meters.services.columns import Integers
from meters.services.slots import CHUNK_ROWS, write_slots

# Changes of one meter that lie closer together than this share a mark.
_APART = 86_400
_MARKS = "meters_rollupmark"


class Mark(NamedTuple):
    """A `RollupMark` in whole seconds; 0 for the key of one that is not stored."""

    pk: int
    meter_id: int
    start: int
    end: int


def mark_slots(*, distributor_id: int, meter_ids: Integers, starts: Integers, step: int) -> None:
    """Marks the slots [start, start + step) in seconds, which are sorted by meter and start."""
    if not len(meter_ids):
        return
    breaks = (np.diff(meter_ids) != 0) | (np.diff(starts) > _APART)
    firsts = np.append(0, np.flatnonzero(breaks) + 1)
    lasts = np.append(firsts[1:] - 1, len(starts) - 1)
    mark_spans(
        distributor_id=distributor_id,
        spans=zip(meter_ids[firsts].tolist(), starts[firsts].tolist(), (starts[lasts] + step).tolist(), strict=True),
    )


def mark_spans(*, distributor_id: int, spans: Iterable[tuple[int, int, int]]) -> None:
    """Marks meters over [start, end), as (meter id, start, end) with seconds since 1970 UTC."""
    meter_ids, starts, ends = np.array(list(spans), np.int64).reshape(-1, 3).T
    constants = {"distributor_id": Constant(distributor_id), "marked_at": Constant(timezone.now())}
    # Every ingest comes by here: objects would cost it as much as all its other work on a single reading.
    for cut in range(0, len(meter_ids), CHUNK_ROWS):
        part = slice(cut, cut + CHUNK_ROWS)
        columns: dict[str, Column] = {
            "meter_id": Numbers(meter_ids[part]),
            "start": Times(starts[part]),
            "end": Times(ends[part]),
        }
        write_slots(_MARKS, columns, constants=constants)
