"""What a page hands to a chart: plain data, already fetched and already allowed to be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from common.errors import PortalError

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]
Payload = dict[str, Any]
"""What a data URL answers, as JSON; docstrings of the `*_payload` functions name the keys."""


class ChartError(PortalError):
    """Base of what charts refuse."""


class ChartDataError(ChartError):
    """The arrays given to a chart do not fit together; the message says which and how."""


@dataclass(frozen=True, slots=True, eq=False)
class MeterSlots:
    """Readings and prediction in force of one meter, one row per interval, oldest first.

    Args:
        start: (n,) datetime64[ms], UTC, strictly rising. Rows may be missing: that is a gap too.
        energy_wh: (n,) Wh in the interval, NaN where nothing was measured (or not yet).
        predicted_wh, lower_wh, upper_wh: (n,) Wh, the prediction in force and its 80 % band, NaN where none.
        interval_minutes: length of every interval.
        quality: (n,) a word for the reader per row ("estimated"), "" for an ordinary measured value.
        estimated: (n,) which readings are estimates; without it none is.

    Raises:
        ChartDataError: lengths differ, times do not rise, or the interval is not positive.
    """

    start: Times
    energy_wh: Floats
    predicted_wh: Floats
    lower_wh: Floats
    upper_wh: Floats
    interval_minutes: int
    quality: Sequence[str] = ()
    estimated: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        columns: dict[str, Any] = {name: getattr(self, name) for name in _COLUMNS}
        if self.quality:
            columns["quality"] = self.quality
        if self.estimated is not None:
            columns["estimated"] = self.estimated
        wrong = [name for name, values in columns.items() if len(values) != len(self.start)]
        if wrong:
            raise ChartDataError(f"{', '.join(wrong)} must have {len(self.start)} values, one per start.")
        if self.interval_minutes <= 0:
            raise ChartDataError("interval_minutes must be positive.")
        if len(self.start) > 1 and not (np.diff(self.start_ms) > 0).all():
            raise ChartDataError("start must rise strictly: sort the rows and give each interval once.")

    def __len__(self) -> int:
        return len(self.start)

    @property
    def start_ms(self) -> NDArray[np.int64]:
        """(n,) milliseconds since 1970 UTC."""
        return self.start.astype("datetime64[ms]").astype(np.int64)

    @property
    def interval_ms(self) -> int:
        """Length of an interval in milliseconds."""
        return self.interval_minutes * 60_000

    @property
    def measured(self) -> NDArray[np.int64]:
        """Rows that have a reading, rising."""
        return np.flatnonzero(~np.isnan(self.energy_wh))

    def word(self, row: int) -> str:
        """Quality of a row in the reader's words."""
        return self.quality[row] if len(self.quality) else ""


class Words(Sequence[str]):
    """A word per row, looked up when it is asked for: of a year's rows few are."""

    def __init__(self, codes: NDArray[np.int64], words: Mapping[int, str]) -> None:
        self._codes, self._words = codes, words

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[str]: ...
    def __getitem__(self, row: int | slice) -> str | Sequence[str]:
        if isinstance(row, slice):
            return Words(self._codes[row], self._words)
        return self._words.get(int(self._codes[row]), "")


_COLUMNS = ("energy_wh", "predicted_wh", "lower_wh", "upper_wh")


@dataclass(frozen=True, slots=True)
class EventSpan:
    """One event as a chart shows it: [start, end), aware times, the name people know it by."""

    id: str
    name: str
    start: datetime
    end: datetime

    @property
    def start_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return round(self.start.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return round(self.end.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class MeterPoint:
    """One meter on the map or in the rank.

    Args:
        savings_wh: Wh saved; which of the two savings (D15) is the page's choice and stands in its title.
        participation: share of intervals with a positive delta, 0 to 1; None without any counted interval.
        latitude, longitude: degrees, both None where unknown.
        url: page of the meter, opened from the table twin; "" for none.
    """

    name: str
    kind: str
    savings_wh: float
    participation: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    feeder: str = ""
    is_selected: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationSeries:
    """Autocorrelation of one meter's readings at lags 1 … m, with the limits of pure chance.

    Args:
        values: (m,) between −1 and 1, lag 0 left out.
        bound_95, bound_99: (m,) positive half-widths; a value inside ± bound may be chance.
    """

    values: Floats
    bound_95: Floats
    bound_99: Floats
    lags: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        if not len(self.values) == len(self.bound_95) == len(self.bound_99):
            raise ChartDataError("values, bound_95 and bound_99 must have one value per lag each.")
        object.__setattr__(self, "lags", np.arange(1, len(self.values) + 1))
