"""Marks of what has to be summed again, written in the transaction of the change."""

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from meters.models import RollupMark
from meters.services.columns import Integers

# Changes of one meter that lie closer together than this share a mark.
_APART = 86_400


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
    rows = [
        RollupMark(
            distributor_id=distributor_id,
            meter_id=meter_id,
            start=datetime.fromtimestamp(start, UTC),
            end=datetime.fromtimestamp(end, UTC),
        )
        for meter_id, start, end in spans
    ]
    RollupMark.objects.bulk_create(rows, batch_size=1_000)
