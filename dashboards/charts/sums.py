"""Bars: the energy of each day of a month, or of each month of a year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d
from django.utils.translation import gettext as _

from common.speech import float_words, percent_words
from dashboards.charts.clock import clock_steps
from dashboards.charts.data import Payload
from dashboards.charts.meter import empty_payload
from dashboards.charts.theme import blank_figure, corner_text, themed, tip

# Of a bar's place, left free on each side of it.
AIR = 0.12
CSV_HEADER = ("first_day", "last_day", "kwh", "measured_intervals", "intervals")


@dataclass(frozen=True, slots=True)
class Bar:
    """The energy of a local day or month.

    Args:
        first_day, last_day: ISO dates, as files say them; `label` and `tick` as people read them.
        start_ms, end_ms: [start, end) in milliseconds UTC.
        wh: Wh of what was measured.
        slots, wanted: how many intervals were measured, and how many there are.
        is_running: it has not ended yet.
    """

    label: str
    tick: str
    first_day: str
    last_day: str
    start_ms: int
    end_ms: int
    wh: int
    slots: int
    wanted: int
    is_running: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is missing."""
        return self.slots >= self.wanted

    @property
    def kwh(self) -> float | None:
        """kWh; None where nothing was measured."""
        return self.wh / 1000 if self.slots else None


def sums_payload(bars: Sequence[Bar], zone: ZoneInfo, *, version: str = "") -> Payload:
    """The bars, those that miss something hatched, and their table twin.

    Returns:
        sources `bars` and `part_bars`; `ticks`: [place, label] of each bar; `rows` of [label, kWh, remark].
    """
    measured = [bar for bar in bars if bar.slots]
    if not measured:
        return empty_payload("sums", _("Nothing was measured in these dates."), version)
    first, last = bars[0].start_ms, bars[-1].end_ms
    values = [bar.wh / 1000 for bar in measured]
    room = (max(*values, 0.0) - min(*values, 0.0)) * 0.1 or 1.0
    return {
        **empty_payload("sums", "", version),
        "zone": zone.key,
        "clock": clock_steps(first, last, zone),
        "ticks": [[(bar.start_ms + bar.end_ms) / 2, bar.tick] for bar in bars],
        "sources": {
            "bars": _columns([bar for bar in measured if bar.is_whole]),
            "part_bars": _columns([bar for bar in measured if not bar.is_whole]),
        },
        "texts": {name: {"value": {"unit": "kWh", "digits": 3, "missing": "–"}} for name in ("bars", "part_bars")},
        "view": {name: value for key in ("all_", "", "phone_") for name, value in _ends(key, first, last).items()},
        "props": {"y_range": {"start": min(0.0, min(values) - room), "end": max(*values, 0.0) + room}},
        "say": _sentence(measured),
        "rows": [_row(bar) for bar in _told(bars)],
    }


def _ends(key: str, first: int, last: int) -> dict[str, int]:
    return {f"{key}start": first, f"{key}end": last}


def _told(bars: Sequence[Bar]) -> Iterator[Bar]:
    """Those up to the last that was measured: what comes after has not arrived yet."""
    last = max(place for place, bar in enumerate(bars) if bar.slots)
    return iter(bars[: last + 1])


def _columns(bars: Sequence[Bar]) -> dict[str, list[Any]]:
    air = [(bar.end_ms - bar.start_ms) * AIR for bar in bars]
    return {
        "left": [bar.start_ms + side for bar, side in zip(bars, air, strict=True)],
        "right": [bar.end_ms - side for bar, side in zip(bars, air, strict=True)],
        "value": [bar.kwh for bar in bars],
        "when": [bar.label for bar in bars],
        "remark": [_remark(bar) for bar in bars],
    }


def _remark(bar: Bar) -> str:
    if bar.is_running:
        return _("so far")
    if bar.is_whole:
        return ""
    return _("%(share)s measured") % {"share": percent_words(bar.slots / bar.wanted)}


def _row(bar: Bar) -> list[str]:
    kwh = bar.kwh
    return [bar.label, _("no data") if kwh is None else float_words(kwh, 3), _remark(bar) if bar.slots else ""]


def _sentence(bars: Sequence[Bar]) -> str:
    top = max(bars, key=lambda bar: bar.wh)
    words = {
        "sum": float_words(sum(bar.wh for bar in bars) / 1000, 1),
        "when": top.label,
        "top": float_words(top.wh / 1000, 1),
    }
    return _("Together %(sum)s kWh. Most: %(when)s, %(top)s kWh.") % words


def sums_csv_rows(bars: Sequence[Bar]) -> Iterator[Sequence[str]]:
    """The bars for a file; see `CSV_HEADER`."""
    if not any(bar.slots for bar in bars):
        return
    for bar in _told(bars):
        kwh = "" if bar.kwh is None else f"{bar.kwh:.3f}"
        yield (bar.first_day, bar.last_day, kwh, str(bar.slots), str(bar.wanted))


def sums_figure() -> Any:
    """Figure `sums`: one bar for each day or month."""
    fig = blank_figure(
        name="sums", height=260, x_range=Range1d(0, 1, name="x_range"), y_range=Range1d(0, 1, name="y_range")
    )
    corner_text(fig, name="sums_unit", text="kWh")
    axis = fig.xaxis[0]
    axis.ticker = FixedTicker(ticks=[])
    axis.tags = [*axis.tags, "local-time"]
    fig.xgrid.ticker = axis.ticker
    fig.yaxis.ticker.desired_num_ticks = 4
    whole = _bars(fig, "bars")
    themed(whole.glyph, fill_color="--chart-reading")
    part = _bars(fig, "part_bars", hatch_pattern="right_diagonal_line", hatch_scale=7, hatch_weight=2)
    themed(part.glyph, fill_color="--chart-gap-fill", line_color="--chart-reading", hatch_color="--chart-reading")
    lines = {_("used"): "@value_text", _("remark"): "@remark"}
    hover = HoverTool(renderers=[whole, part], tooltips=tip("@when", lines), mode="mouse", visible=False)
    fig.add_tools(hover)
    return fig


_NAMES = ("left", "right", "value", "when", "remark", "value_text")


def _bars(fig: Any, name: str, **look: Any) -> Any:
    source = ColumnDataSource(data={column: [] for column in _NAMES}, name=name)
    return fig.quad(left="left", right="right", bottom=0, top="value", source=source, line_width=1, **look)
