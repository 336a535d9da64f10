"""Readings of many meters over a few spans, as columns: for screens that ask every few seconds."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from django.db import connection

from meters.selectors import CHUNK
from meters.services.columns import Integers
from meters.services.slots import READINGS, seconds_in_sql

Span = tuple[datetime, datetime]


def readings_in(*, meter_ids: Sequence[int], spans: Sequence[Span]) -> Integers:
    """(4, n): meter, start in seconds since 1970 UTC, Wh and quality of each reading that starts in a span.

    One query per 500 meters. Who may see them is the caller's question.
    """
    ids = sorted(meter_ids)
    parts = [_rows(ids[first : first + CHUNK], spans) for first in range(0, len(ids), CHUNK)] if spans else []
    return np.concatenate(parts, axis=1) if parts else np.empty((4, 0), np.int64)


def _rows(ids: Sequence[int], spans: Sequence[Span]) -> Integers:
    # Constants only: a range that comes from another table makes MariaDB read each meter's whole history.
    times = " OR ".join(f"(start >= '{_text(first)}' AND start < '{_text(last)}')" for first, last in spans)
    among = ",".join(str(int(pk)) for pk in ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT meter_id, {seconds_in_sql()}, energy_wh, quality FROM {READINGS} "  # noqa: S608  # our own text
            f"WHERE meter_id IN ({among}) AND ({times})"
        )
        return np.array(cursor.fetchall(), np.int64).reshape(-1, 4).T


def _text(moment: datetime) -> str:
    return str(moment.astimezone(UTC).replace(tzinfo=None, microsecond=0))
