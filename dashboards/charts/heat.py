"""The heat map: hours of the day against days, each cell as strong as the use in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from numpy.typing import NDArray

from common.intervals import DAY, day_bounds
from common.speech import day_words, float_words
from dashboards.charts.clock import DAY_MS, HOUR_MS, clock_steps, interval_words, local_ms
from dashboards.charts.data import ChartDataError, Floats, Payload
from dashboards.charts.meter import empty_payload
from dashboards.charts.peaks import Instants
from dashboards.charts.quick_words import quick_words
from dashboards.charts.theme import blank_figure, corner_text, themed, tip

LEVELS = 5
# 83 days of 24 hours are 1,992 cells.
MOST_DAYS = 83
EPOCH = date(1970, 1, 1)
CSV_HEADER = ("from_day", "to_day", "hour", "kwh", "hours", "remark")
Whether = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class HeatCells:
    """Energy by hour, oldest first.

    Args:
        start_ms: (n,) starts of the hours, milliseconds since 1970 UTC, rising; hours may be missing.
        wh: (n,) Wh in the hour, NaN where nothing was measured.
        doubtful: (n,) hours that few meters reported, or only a part was measured of; they are hatched.
    """

    start_ms: Instants
    wh: Floats
    doubtful: Whether

    def __post_init__(self) -> None:
        if not len(self.start_ms) == len(self.wh) == len(self.doubtful):
            raise ChartDataError("A heat map needs a value and a doubt for each start.")
        if len(self.start_ms) > 1 and not (np.diff(self.start_ms) >= HOUR_MS).all():
            raise ChartDataError("The hours of a heat map must rise, an hour apart or more.")

    @classmethod
    def of_slots(cls, start_ms: Instants, wh: Floats, interval_ms: int) -> HeatCells:
        """Hours out of shorter slots; an hour that misses a slot is doubtful, one without any is left out."""
        known = ~np.isnan(wh)
        hours, places = np.unique(start_ms[known] // HOUR_MS, return_inverse=True)
        sums = np.bincount(places, weights=wh[known], minlength=len(hours)).astype(np.float64)
        counts = np.bincount(places, minlength=len(hours))
        return cls(hours * HOUR_MS, sums, counts < HOUR_MS // interval_ms)


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell: an hour of the clock on one day, or on the days of a week (then their mean).

    Attributes:
        column: the day, or the Monday of the week; `days` is how many days the column is wide.
        part, parts: which of the two hours that a clock change put into one cell; else 0 of 1.
        start_ms: start of its first hour, milliseconds since 1970 UTC.
        hours: how many measured hours `wh` is the mean of.
    """

    column: date
    days: int
    hour: int
    part: int
    parts: int
    start_ms: int
    wh: float
    hours: int
    doubtful: bool


def heat_cells(cells: HeatCells, zone: ZoneInfo) -> list[HeatCell]:
    """The cells as they are drawn: by day up to `MOST_DAYS`, beyond that by week; none without a measured hour.

    The hour that a clock change repeats stands twice in its cell, one above the other.
    """
    rows = np.flatnonzero(~np.isnan(cells.wh))
    if not len(rows):
        return []
    wall = local_ms(cells.start_ms[rows], zone)
    days, hours = wall // DAY_MS, wall % DAY_MS // HOUR_MS
    weekly = days[-1] - days[0] >= MOST_DAYS
    # Day 0 was a Thursday; weeks begin on Monday.
    columns = (days + 3) // 7 if weekly else days
    parts = np.zeros(len(rows), dtype=np.int64)
    if not weekly:
        parts[1:] = np.diff(days * 24 + hours) == 0
    keys = (columns * 24 + hours) * 2 + parts
    return list(_grouped(cells, rows, keys, days=7 if weekly else 1))


def _grouped(cells: HeatCells, rows: Instants, keys: Instants, *, days: int) -> Iterator[HeatCell]:
    first_day = EPOCH - timedelta(days=3 if days == 7 else 0)
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    edges = np.flatnonzero(np.diff(sorted_keys)) + 1
    whole = set(keys.tolist())
    for low, high in pairwise([0, *edges.tolist(), len(order)]):
        own, key = rows[order[low:high]], int(sorted_keys[low])
        yield HeatCell(
            column=first_day + days * (key // 48) * DAY,
            days=days,
            hour=key // 2 % 24,
            part=key % 2,
            parts=2 if key ^ 1 in whole else 1,
            start_ms=int(cells.start_ms[own[0]]),
            wh=float(cells.wh[own[0]] if len(own) == 1 else cells.wh[own].mean()),
            hours=len(own),
            doubtful=bool(cells.doubtful[own].any()),
        )


def heat_payload(cells: HeatCells, zone: ZoneInfo, version: str = "") -> Payload:
    """Everything the heat map draws: at most 2,000 cells, in five even steps from the lowest to the highest.

    Returns:
        sources `heat_1` … `heat_5` and `doubtful`; `rows`: a row per day (or week) with a cell per hour;
        `say`: the ends of the scale and the highest cell.
    """
    found = heat_cells(cells, zone)
    if not found:
        return empty_payload("heat", _("Nothing was measured in these dates."), version)
    bounds = _columns_of(found, zone)
    first, last = min(left for left, _r in bounds.values()), max(right for _l, right in bounds.values())
    return {
        **empty_payload("heat", "", version),
        "zone": zone.key,
        "clock": clock_steps(first, last, zone),
        "sources": {**_sources(found, bounds), "events": {"start": [], "end": [], "name": []}},
        "texts": {f"heat_{level}": _texts() for level in range(1, LEVELS + 1)},
        "view": {
            "all_start": first, "all_end": last, "start": first, "end": last, "phone_start": first, "phone_end": last,
        },
        "say": heat_sentence(found, zone),
        "rows": heat_rows(found),
        "rows_note": _weekly_words(found),
    }  # fmt: skip


def _texts() -> dict[str, dict[str, Any]]:
    return {"value": {"unit": "kWh", "digits": 3, "missing": "–"}}


Bounds = dict[date, tuple[int, int]]


def _columns_of(found: Sequence[HeatCell], zone: ZoneInfo) -> Bounds:
    """First day of a column -> its edges in milliseconds UTC: local midnights, so that a long day is wider."""
    length = found[0].days * DAY
    return {day: (_midnight(day, zone), _midnight(day + length, zone)) for day in {cell.column for cell in found}}


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(day_bounds(day, zone)[0].timestamp() * 1000)


def _sources(found: Sequence[HeatCell], bounds: Bounds) -> dict[str, dict[str, list[Any]]]:
    sources = {f"heat_{level}": _empty() for level in range(1, LEVELS + 1)} | {"doubtful": _empty()}
    for cell, level in zip(found, _levels(found), strict=True):
        left, right = bounds[cell.column]
        values = {
            "left": left, "right": right,
            "bottom": cell.hour + cell.part / cell.parts, "top": cell.hour + (cell.part + 1) / cell.parts,
            "start": cell.start_ms, "end": cell.start_ms + HOUR_MS,
            "value": round(cell.wh / 1000, 3), "note": _note(cell),
        }  # fmt: skip
        for name in [f"heat_{level}", *(["doubtful"] if cell.doubtful else [])]:
            for column, value in values.items():
                sources[name][column].append(value)
    return sources


_COLUMNS = ("left", "right", "bottom", "top", "start", "end", "value", "note")


def _empty() -> dict[str, list[Any]]:
    return {name: [] for name in _COLUMNS}


def _levels(found: Sequence[HeatCell]) -> list[int]:
    """1 to `LEVELS` in even steps; the middle where all are alike."""
    values = np.array([cell.wh for cell in found])
    low, width = values.min(), values.max() - values.min()
    if not width:
        return [(LEVELS + 1) // 2] * len(found)
    levels: list[int] = np.minimum((values - low) / width * LEVELS, LEVELS - 1).astype(int).tolist()
    return [level + 1 for level in levels]


def _note(cell: HeatCell) -> str:
    words = []
    if cell.days > 1:
        words.append(ngettext("mean of %(count)d hour", "mean of %(count)d hours", cell.hours) % {"count": cell.hours})
    if cell.doubtful:
        words.append(_("not all measured"))
    return ", ".join(words)


def heat_sentence(found: Sequence[HeatCell], zone: ZoneInfo) -> str:
    """The ends of the scale, and when the highest cell was."""
    values = [cell.wh for cell in found]
    top = max(found, key=lambda cell: cell.wh)
    words = {
        "low": float_words(min(values) / 1000, 2),
        "high": float_words(max(values) / 1000, 2),
        "when": _when(top, zone),
    }
    return _("From %(low)s kWh in an hour (weakest color) to %(high)s kWh (strongest): %(when)s.") % words


def _when(cell: HeatCell, zone: ZoneInfo) -> str:
    if cell.days == 1:
        return interval_words(cell.start_ms, cell.start_ms + HOUR_MS, zone)
    words = {"day": day_words(cell.column), "hour": hour_label(cell.hour)}
    return _("at %(hour)s in the week from %(day)s, as the mean of its days") % words


def _weekly_words(found: Sequence[HeatCell]) -> str:
    if found[0].days == 1:
        return ""
    return _("So many days are shown by week: each cell is the mean of an hour over the days of a week.")


def hour_label(hour: int) -> str:
    """An hour of the clock as files and table heads say it.

    >>> hour_label(7)
    '07:00'
    """
    return f"{hour:02}:00"


def heat_columns() -> list[str]:
    """Heads of the table twin."""
    return [_("Day"), *(hour_label(hour) for hour in range(24))]


def heat_rows(found: Sequence[HeatCell]) -> list[list[str]]:
    """The table twin: a row per day or week, newest first, kWh in each hour; both of a repeated hour."""
    table: dict[date, list[str]] = {}
    for cell in found:
        row = table.setdefault(cell.column, [day_words(cell.column), *["–"] * 24])
        words = quick_words(cell.wh / 1000, 3) + ("*" if cell.doubtful else "")
        row[cell.hour + 1] = words if cell.part == 0 else f"{row[cell.hour + 1]} / {words}"
    return [table[column] for column in sorted(table, reverse=True)]


def heat_csv_rows(cells: HeatCells, zone: ZoneInfo) -> list[Sequence[str]]:
    """The cells for a file; see `CSV_HEADER`. `hours` is how many an average is of."""
    return [_csv_row(cell) for cell in heat_cells(cells, zone)]


def _csv_row(cell: HeatCell) -> Sequence[str]:
    last = cell.column + (cell.days - 1) * DAY
    doubt = "not all measured" if cell.doubtful else ""
    energy = f"{cell.wh / 1000:.3f}"
    return cell.column.isoformat(), last.isoformat(), hour_label(cell.hour), energy, str(cell.hours), doubt


def heat_figure() -> Any:
    """Figure `heat`: days from left to right, hours from midnight at the top."""
    fig = blank_figure(
        name="heat", height=320, x_range=Range1d(0, 1, name="x_range"), y_range=Range1d(24, 0, name="heat_hours")
    )
    corner_text(fig, name="heat_unit", text=_("hour of the day"))
    axis = fig.xaxis[0]
    axis.ticker = FixedTicker(ticks=[])
    axis.tags = [*axis.tags, "local-time"]
    fig.xgrid.ticker = axis.ticker
    fig.yaxis.ticker = FixedTicker(ticks=[0, 6, 12, 18, 24])
    fig.yaxis.major_label_overrides = {hour: hour_label(hour) for hour in (0, 6, 12, 18, 24)}
    fig.ygrid.grid_line_color = None
    fig.ygrid.tags = []
    strips = [_cells(fig, f"heat_{level}", f"--chart-seq-{level}") for level in range(1, LEVELS + 1)]
    _doubts(fig)
    _cursor(fig)
    events = ColumnDataSource(data={"start": [], "end": [], "name": [], "shown_name": [], "name_at": []}, name="events")
    fig.vstrip(x0="start", x1="end", source=events, fill_alpha=0, line_color=None)
    lines = {_("used"): "@value_text", _("remark"): "@note"}
    fig.add_tools(HoverTool(renderers=strips, tooltips=tip("@when", lines), mode="mouse", visible=False))
    return fig


_EDGES = {"left": "left", "right": "right", "bottom": "bottom", "top": "top"}


def _cells(fig: Any, name: str, role: str) -> Any:
    columns: dict[str, list[Any]] = {**_empty(), "when": [], "value_text": []}
    quads = fig.quad(**_EDGES, source=ColumnDataSource(data=columns, name=name), line_color=None)
    themed(quads.glyph, fill_color=role)
    return quads


def _cursor(fig: Any) -> None:
    """A frame around the cell that the keyboard has reached."""
    source = ColumnDataSource(data={name: [] for name in _EDGES}, name="cursor")
    frame = fig.quad(**_EDGES, source=source, fill_alpha=0, line_width=3)
    themed(frame.glyph, line_color="--ink")


def _doubts(fig: Any) -> None:
    source = ColumnDataSource(data=_empty(), name="doubtful")
    quads = fig.quad(
        **_EDGES, source=source, fill_alpha=0, line_color=None, hatch_pattern="right_diagonal_line", hatch_scale=7,
        hatch_weight=1,
    )  # fmt: skip
    themed(quads.glyph, hatch_color="--chart-gap")
