"""Bars with a mark across each: what was, and what it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d
from django.utils.translation import gettext as _

from common.speech import float_words
from dashboards.charts.data import Payload
from dashboards.charts.meter import empty_payload
from dashboards.charts.theme import blank_figure, corner_text, themed, tip

# Of a bar's place, left free on each side of it; the mark is wider than the bar.
AIR = 0.2
MARK_AIR = 0.06
# Places are numbers, not times; the script wants a clock all the same.
CLOCK = [[0, 0, "UTC"]]


@dataclass(frozen=True, slots=True)
class Pair:
    """One place: its bar in kW, and the mark across it.

    Args:
        label, tick: as people read it, in full and below the axis.
        remark: what else is to be said of it.
        is_hatched: not final, or not all of it.
    """

    label: str
    tick: str
    value: float | None
    mark: float | None = None
    remark: str = ""
    is_hatched: bool = False


def pairs_payload(pairs: Sequence[Pair], *, kind: str, say: str, empty: str, places: int = 1) -> Payload:
    """The bars and marks with their table twin.

    Args:
        kind: name of the figure.
        places: decimals of the kW.

    Returns:
        sources `bars`, `part_bars` and `marks`; `ticks`: [place, tick]; `rows` of [label, bar, mark, remark].
    """
    shown = [(place, pair) for place, pair in enumerate(pairs) if pair.value is not None]
    if not shown:
        return empty_payload(kind, empty, "")
    values = [value for _place, pair in shown for value in (pair.value, pair.mark) if value is not None]
    room = (max(*values, 0.0) - min(*values, 0.0)) * 0.1 or 1.0
    ends = {f"{key}{end}": at for key in ("all_", "", "phone_") for end, at in (("start", 0), ("end", len(pairs)))}
    form = {"unit": "kW", "digits": places, "missing": "–"}
    return {
        **empty_payload(kind, "", ""),
        "clock": CLOCK,
        "ticks": [[place + 0.5, pair.tick] for place, pair in enumerate(pairs)],
        "sources": {
            "bars": _bars([each for each in shown if not each[1].is_hatched]),
            "part_bars": _bars([each for each in shown if each[1].is_hatched]),
            "marks": _marks(shown),
        },
        "texts": {name: {"value": form, "mark": form} for name in ("bars", "part_bars")},
        "view": ends,
        "props": {"y_range": {"start": min(0.0, min(values) - room), "end": max(*values, 0.0) + room}},
        "say": say,
        "rows": pair_rows(pairs, places),
    }


def pair_rows(pairs: Sequence[Pair], places: int = 1) -> list[list[str]]:
    """The table twin: [label, bar, mark, remark]."""
    return [[pair.label, _words(pair.value, places), _words(pair.mark, places), pair.remark] for pair in pairs]


def _words(value: float | None, places: int) -> str:
    return "–" if value is None else float_words(value, places)


def _bars(shown: Sequence[tuple[int, Pair]]) -> dict[str, list[Any]]:
    return {
        "left": [place + AIR for place, _pair in shown],
        "right": [place + 1 - AIR for place, _pair in shown],
        "value": [pair.value for _place, pair in shown],
        "mark": [pair.mark for _place, pair in shown],
        "when": [pair.label for _place, pair in shown],
        "remark": [pair.remark for _place, pair in shown],
    }


def _marks(shown: Sequence[tuple[int, Pair]]) -> dict[str, list[Any]]:
    marked = [(place, pair) for place, pair in shown if pair.mark is not None]
    return {
        "left": [place + MARK_AIR for place, _pair in marked],
        "right": [place + 1 - MARK_AIR for place, _pair in marked],
        "mark": [pair.mark for _place, pair in marked],
    }


def wholesale_figure() -> Any:
    """Figure `wholesale`: the highest hour of each day, measured and without events."""
    return _figure("wholesale", _("measured"), _("without events"))


def season_figure() -> Any:
    """Figure `season`: what each event delivered of what was nominated."""
    return _figure("season", _("delivered"), _("nominated"))


def fatigue_figure() -> Any:
    """Figure `fatigue`: what each event delivered per meter, and the line through them."""
    return _figure("fatigue", _("per meter"), _("trend"))


def _figure(name: str, bar: str, mark: str) -> Any:
    fig = blank_figure(
        name=name, height=260, x_range=Range1d(0, 1, name="x_range"), y_range=Range1d(0, 1, name="y_range")
    )
    corner_text(fig, name=f"{name}_unit", text="kW")
    axis = fig.xaxis[0]
    axis.ticker = FixedTicker(ticks=[])
    axis.tags = [*axis.tags, "local-time"]
    fig.xgrid.ticker = axis.ticker
    fig.yaxis.ticker.desired_num_ticks = 4
    whole = _quads(fig, "bars")
    themed(whole.glyph, fill_color="--chart-reading")
    part = _quads(fig, "part_bars", hatch_pattern="right_diagonal_line", hatch_scale=7, hatch_weight=2)
    themed(part.glyph, fill_color="--chart-gap-fill", line_color="--chart-reading", hatch_color="--chart-reading")
    source = ColumnDataSource(data={"left": [], "right": [], "mark": []}, name="marks")
    marks = fig.segment("left", "mark", "right", "mark", source=source, line_width=3)
    themed(marks.glyph, line_color="--chart-target")
    lines = {bar: "@value_text", mark: "@mark_text", _("remark"): "@remark"}
    fig.add_tools(HoverTool(renderers=[whole, part], tooltips=tip("@when", lines), mode="mouse", visible=False))
    return fig


_NAMES = ("left", "right", "value", "mark", "when", "remark", "value_text", "mark_text")


def _quads(fig: Any, name: str, **look: Any) -> Any:
    source = ColumnDataSource(data={column: [] for column in _NAMES}, name=name)
    return fig.quad(left="left", right="right", bottom=0, top="value", source=source, line_width=1, **look)
