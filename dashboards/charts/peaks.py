"""The highest intervals of some readings with their times: what a bill for power is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from common.speech import float_words
from dashboards.charts.clock import DAY_MS, HOUR_MS, interval_words, local_ms
from dashboards.charts.data import Floats

CSV_HEADER = ("start", "end", "kwh", "mean_kw")
Instants = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Peak:
    """One of the highest intervals: [start_ms, end_ms) in milliseconds since 1970 UTC, and its energy."""

    start_ms: int
    end_ms: int
    wh: float

    @property
    def kw(self) -> float:
        """Mean power over the interval."""
        return self.wh / 1000 * HOUR_MS / (self.end_ms - self.start_ms)


def peaks_of(starts_ms: Instants, values: Floats, interval_ms: int, count: int, *, zone: ZoneInfo) -> list[Peak]:
    """The highest intervals, at most one of each local day, highest first; of two alike the earlier.

    One long evening would else fill the list with its own neighbors.

    Args:
        starts_ms: (n,) milliseconds since 1970 UTC, rising.
        values: (n,) Wh in each interval, NaN where nothing was measured.

    >>> hours = np.arange(4) * 3_600_000
    >>> [peak.wh for peak in peaks_of(hours, np.array([1.0, 5.0, np.nan, 4.0]), 3_600_000, 3, zone=ZoneInfo("UTC"))]
    [5.0]
    """
    days = local_ms(starts_ms, zone) // DAY_MS
    return _highest(starts_ms, values, interval_ms, days, count)


def highest(starts_ms: Instants, values: Floats, interval_ms: int, count: int) -> list[Peak]:
    """The highest intervals, also neighbors, highest first; of two alike the earlier.

    >>> [peak.wh for peak in highest(np.arange(3) * 3_600_000, np.array([4.0, np.nan, 5.0]), 3_600_000, 5)]
    [5.0, 4.0]
    """
    return _highest(starts_ms, values, interval_ms, np.arange(len(values)), count)


def month_peaks(starts_ms: Instants, values: Floats, interval_ms: int, *, zone: ZoneInfo) -> list[Peak]:
    """The highest interval of each local month, oldest month first."""
    months = local_ms(starts_ms, zone).astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    return sorted(_highest(starts_ms, values, interval_ms, months), key=lambda peak: peak.start_ms)


def _highest(
    starts_ms: Instants, values: Floats, interval_ms: int, groups: Instants, count: int | None = None
) -> list[Peak]:
    """The highest of each group, whose rows stand together, highest first; all of them or so many."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return []
    firsts = np.flatnonzero(np.diff(groups[known], prepend=groups[known[0]] - 1))
    tops = np.maximum.reduceat(values[known], firsts)
    chosen = np.argsort(-tops, kind="stable")[:count]
    ends = np.append(firsts[1:], len(known))
    rows = [
        known[first + values[known[first:end]].argmax()]
        for first, end in zip(firsts[chosen], ends[chosen], strict=True)
    ]
    return [Peak(int(starts_ms[row]), int(starts_ms[row]) + interval_ms, float(values[row])) for row in rows]


def peak_rows(peaks: Iterable[Peak], zone: ZoneInfo) -> list[list[str]]:
    """Rows of [when, kWh, mean kW] for people."""
    return [
        [interval_words(peak.start_ms, peak.end_ms, zone), float_words(peak.wh / 1000, 3), float_words(peak.kw, 3)]
        for peak in peaks
    ]


def peak_csv_rows(peaks: Iterable[Peak]) -> list[Sequence[str]]:
    """The same for a file, in UTC; see `CSV_HEADER`."""
    return [(iso(peak.start_ms), iso(peak.end_ms), f"{peak.wh / 1000:.3f}", f"{peak.kw:.3f}") for peak in peaks]


def iso(ms: int) -> str:
    """An instant as files say it.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
