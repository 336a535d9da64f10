"""Fewer points, same picture: every peak and every dip stays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

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
    buckets = max(1, (limit - len(kept)) // (2 * len(series)))
    edges = np.linspace(0, n, buckets + 1).astype(np.int64)
    found = [_extremes(values, edges) for values in series]
    return np.unique(np.concatenate([kept, *found]))


def _extremes(values: Floats, edges: Rows) -> Rows:
    stretches = list(pairwise(edges))
    lows = [low + np.argmin(_filled(values[low:high], np.inf)) for low, high in stretches]
    highs = [low + np.argmax(_filled(values[low:high], -np.inf)) for low, high in stretches]
    return np.array([*lows, *highs], dtype=np.int64)


def _filled(values: Floats, missing: float) -> Floats:
    return np.where(np.isnan(values), missing, values)
