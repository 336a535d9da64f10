"""Fewer points, same picture: every peak and every dip stays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dashboards.charts.data import Floats

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


def rows_to_keep(series: Sequence[Floats], *, limit: int, whole: Mask) -> Rows:
    """Rows that keep the smallest and largest value of each series in every stretch, rising, at most `limit`.

    Args:
        series: arrays of shape (n,), NaN where missing.
        limit: most rows wanted; n rows or fewer come back whole.
        whole: (n,) rows kept besides (around events), the newest first while they fit into half of `limit`.

    >>> values = np.array([1.0, 9, 1, 1, 1, 1, 0, 1])
    >>> rows_to_keep([values], limit=4, whole=np.zeros(8, bool)).tolist()
    [0, 1, 4, 6]
    """
    n = len(whole)
    if n <= limit:
        return np.arange(n)
    kept = np.flatnonzero(whole)[-(limit // 2) :]
    stretches = max(1, (limit - len(kept)) // (2 * len(series)))
    found = [_extremes(values, -(-n // stretches)) for values in series]
    return np.unique(np.concatenate([kept, *found]))


def _extremes(values: Floats, width: int) -> Rows:
    """Where the smallest and the largest value of each stretch of so many rows stand."""
    missing = np.isnan(values)
    firsts = np.arange(0, len(values), width)
    lows = firsts + _squared(np.where(missing, np.inf, values), width, np.inf).argmin(axis=1)
    highs = firsts + _squared(np.where(missing, -np.inf, values), width, -np.inf).argmax(axis=1)
    return np.concatenate([lows, highs])


def _squared(values: Floats, width: int, filling: float) -> Floats:
    """One stretch a row; the last is filled up with what is never chosen."""
    room = np.full(-(-len(values) // width) * width, filling)
    room[: len(values)] = values
    return room.reshape(-1, width)
