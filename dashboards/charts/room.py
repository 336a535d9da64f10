"""The chart of a live event, drawn as SVG by the page itself: usual, measured, target, and the event's hours.

An SVG in the page needs no script, and a page that is fetched again every few seconds has it at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from common.speech import float_words, hour_words

SIZE = 1000
TICKS = 4
CSV_HEADER = ("start", "end", "usual_kw", "usual_low_kw", "usual_high_kw", "target_kw", "measured_kw")
# Rows of the table twin: quarter hours of a short event, longer steps of a long one.
MOST_ROWS = 48
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RoomSeries:
    """Power of all meters of an event together.

    Args:
        start: where the first cell begins; step: seconds per cell.
        usual_kw, measured_kw: (n,) kW, measured NaN where it is not known.
        spread: (n,) likely range as a share of usual.
        event: the event's cells, from the first up to, not including, the second.
        target_kw: how many kW less are asked for; None for no line.
    """

    start: datetime
    step: int
    usual_kw: Floats
    measured_kw: Floats
    spread: Floats
    event: tuple[int, int]
    target_kw: float | None

    def __len__(self) -> int:
        return len(self.usual_kw)

    @property
    def wanted_kw(self) -> Floats:
        """(n,) usual less target within the event, NaN elsewhere; below nothing there is nothing to save."""
        wanted = np.full(len(self), np.nan)
        if self.target_kw is not None:
            first, stop = self.event
            wanted[first:stop] = np.maximum(self.usual_kw[first:stop] - self.target_kw, 0)
        return wanted

    @property
    def low_kw(self) -> Floats:
        """(n,) the lower end of the likely range."""
        return self.usual_kw - np.abs(self.usual_kw) * self.spread

    @property
    def high_kw(self) -> Floats:
        """(n,) its upper end."""
        return self.usual_kw + np.abs(self.usual_kw) * self.spread

    def moment(self, place: int) -> datetime:
        """Where a cell begins."""
        return self.start + timedelta(seconds=self.step * place)


def room_plot(series: RoomSeries, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """Paths in a square of 1000 × 1000, and places in percent."""
    low, high, step = _axis(series)

    def y(value: float) -> float:
        return (1 - (value - low) / (high - low)) * SIZE

    first, stop = series.event
    saved = np.where(series.measured_kw < series.usual_kw, series.measured_kw, np.nan)
    saved[:first] = saved[stop:] = np.nan
    return {
        "usual": _line(series.usual_kw, y),
        "measured": _line(series.measured_kw, y),
        "target": _line(series.wanted_kw, y),
        "band": _area(series.low_kw, series.high_kw, y),
        "saved": _area(saved, np.where(np.isnan(saved), np.nan, series.usual_kw), y),
        "event_x": _percent(first / len(series)),
        "event_width": _percent((stop - first) / len(series)),
        "event_end": _percent(stop / len(series)),
        "now": _now(series, now),
        "y_ticks": [
            {"at": _percent(1 - (value - low) / (high - low)), "label": float_words(value, 0 if step >= 1 else 2)}
            for value in np.arange(low, high + step / 2, step)
        ],
        "x_ticks": _x_ticks(series, zone),
    }


def _axis(series: RoomSeries) -> tuple[float, float, float]:
    """Lower end, upper end and step: round values; from nothing unless that would press the lines flat."""
    shown = np.concatenate([series.low_kw, series.high_kw, series.measured_kw, series.wanted_kw])
    shown = shown[~np.isnan(shown)]
    top, bottom = float(shown.max(initial=0)), float(shown.min(initial=0) if not len(shown) else shown.min())
    if 0 <= bottom < 0.5 * top:
        bottom = 0.0
    step = _round_step(max(top - bottom, 1e-3) / TICKS)
    low = np.floor(bottom / step) * step
    return float(low), float(max(np.ceil(top / step) * step, low + step)), step


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at least so much.

    >>> _round_step(0.3), _round_step(171)
    (0.5, 200.0)
    """
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(power * size for size in (1, 2, 5, 10) if power * size >= least * (1 - 1e-9)))


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _runs(known: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """[first, last) of each unbroken row of what is known."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _line(values: Floats, y: Any) -> str:
    """One flat step per cell; what is not known breaks the line."""
    width = SIZE / len(values)
    path = ""
    for first, last in _runs(~np.isnan(values)):
        path += f"M{_n(first * width)} {_n(y(values[first]))}"
        for place in range(first, last):
            up = f"V{_n(y(values[place]))}" if place > first else ""
            path += f"{up}H{_n((place + 1) * width)}"
    return path


def _area(low: Floats, high: Floats, y: Any) -> str:
    width = SIZE / len(low)
    path = ""
    for first, last in _runs(~np.isnan(low) & ~np.isnan(high)):
        edges = [(_n(place * width), _n((place + 1) * width)) for place in range(first, last)]
        there = "".join(f"L{a} {_n(y(high[first + i]))}H{b}" for i, (a, b) in enumerate(edges))
        back = "".join(f"L{b} {_n(y(low[first + i]))}H{a}" for i, (a, b) in reversed(list(enumerate(edges))))
        path += f"M{there[1:]}{back}Z"
    return path


def _now(series: RoomSeries, now: datetime) -> str:
    """Where the present is; empty where it lies outside."""
    share = (now - series.start).total_seconds() / (series.step * len(series))
    return _percent(share) if 0 < share < 1 else ""


def _x_ticks(series: RoomSeries, zone: ZoneInfo) -> list[dict[str, str]]:
    """The ends, the event's ends, and whole hours of the clock between them where there is room."""
    total = series.step * len(series)
    hours = next(size for size in (1, 2, 3, 6, 12) if total / 3600 / size <= 8 or size == 12)
    ticks = []
    for place in range(len(series) + 1):
        local = series.moment(place).astimezone(zone)
        if local.minute == 0 and local.hour % hours == 0:
            share = place / len(series)
            anchor = "start" if share == 0 else "end" if share == 1 else "middle"
            ticks.append({"at": _percent(share), "label": hour_words(local), "anchor": anchor})
    return ticks


def room_columns(zone_name: str) -> list[str]:
    """Heads of the table twin."""
    return [_("Time (%(zone)s)") % {"zone": zone_name}, _("Usual, kW"), _("Target, kW"), _("Measured, kW")]


def room_rows(series: RoomSeries, zone: ZoneInfo) -> list[list[str]]:
    """The table twin: means over steps of a quarter of an hour, longer where there would be too many."""
    return [
        [
            hour_words(series.moment(first).astimezone(zone)),
            *(_figure(values[first:last]) for values in (series.usual_kw, series.wanted_kw, series.measured_kw)),
        ]
        for first, last in _steps(series)
    ]


def _steps(series: RoomSeries) -> list[tuple[int, int]]:
    least = max(900, series.step * len(series) / MOST_ROWS)
    seconds = next(size for size in (900, 1800, 3600, 7200, 14400) if size >= least or size == 14400)
    stride = max(1, seconds // series.step)
    return [(first, min(first + stride, len(series))) for first in range(0, len(series), stride)]


def _figure(values: Floats) -> str:
    known = values[~np.isnan(values)]
    return kw_words(float(known.mean())) if len(known) == len(values) else "–"


def kw_words(kw: float) -> str:
    """A power as a figure without its unit: the smaller, the more decimals.

    >>> kw_words(2411.7), kw_words(76.84), kw_words(0.6249)
    ('2,412', '76.8', '0.62')
    """
    return float_words(kw, 0 if abs(kw) >= 100 else 1 if abs(kw) >= 10 else 2)


def room_csv_rows(series: RoomSeries) -> Iterator[Sequence[str]]:
    """Each cell for a file, oldest first; see `CSV_HEADER`."""
    columns = (series.usual_kw, series.low_kw, series.high_kw, series.wanted_kw, series.measured_kw)
    for place in range(len(series)):
        times = (series.moment(at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in (place, place + 1))
        yield (*times, *("" if np.isnan(column[place]) else f"{column[place]:.3f}" for column in columns))
