"""The load chart without data."""

from __future__ import annotations

from typing import Any

from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d
from django.utils.translation import gettext as _

from dashboards.charts.theme import GLYPH_FONT, blank_figure, corner_text, themed, tip

_SPAN: dict[str, list[Any]] = {"start": [], "end": []}
_XY: dict[str, list[Any]] = {"x": [], "y": []}
_TEXTS = ("reading", "prediction", "before", "meters", "usual")
_COLUMNS: dict[str, dict[str, list[Any]]] = {
    "slots": {**_SPAN, **{name: [] for name in (*_TEXTS, *(f"{text}_text" for text in _TEXTS), "when", "remark")}},
    "events": {**_SPAN, "name": [], "shown_name": [], "name_at": []},
    "gaps": _SPAN,
    "reading": _XY,
    "prediction": _XY,
    "before": _XY,
    "latest": _XY,
}


def load_figure() -> Any:
    """Figure `load`; the payload's sources, view and properties fill it by name."""
    sources = {name: ColumnDataSource(data=dict(columns), name=name) for name, columns in _COLUMNS.items()}
    fig = blank_figure(
        name="load", height=320, tools="xpan,xwheel_zoom,reset", active_drag=None, active_scroll=None,
        x_range=Range1d(0, 1, name="x_range"), y_range=Range1d(0, 1, name="y_range"),
    )  # fmt: skip
    fig.extra_y_ranges = {"top": Range1d(0, 1)}
    corner_text(fig, name="unit")
    axis = fig.xaxis[0]
    axis.ticker = FixedTicker(ticks=[])
    axis.tags = [*axis.tags, "local-time"]
    fig.xgrid.ticker = axis.ticker
    fig.yaxis.ticker.desired_num_ticks = 5
    _backdrop(fig, sources)
    _lines(fig, sources)
    _hover(fig, sources["slots"])
    return fig


def _backdrop(fig: Any, sources: dict[str, Any]) -> None:
    """Events, and hours that too few meters reported, behind the lines; event names at the top."""
    event = fig.vstrip(x0="start", x1="end", source=sources["events"], line_width=1.5, level="underlay")
    themed(event.glyph, fill_color="--chart-event", line_color="--chart-event-edge")
    short = fig.vstrip(
        x0="start", x1="end", source=sources["gaps"], line_color=None, hatch_pattern="right_diagonal_line",
        hatch_scale=7, hatch_weight=1, level="underlay",
    )  # fmt: skip
    themed(short.glyph, fill_color="--chart-gap-fill", hatch_color="--chart-gap")
    names = fig.text(
        "name_at", 1, text="shown_name", source=sources["events"], y_range_name="top", x_offset=6, y_offset=4,
        text_baseline="top", text_font_size="13px", text_font_style="bold", text_font=GLYPH_FONT,
    )  # fmt: skip
    names.glyph.tags = ["text_font=font"]
    themed(names.glyph, text_color="--event-ink")


def _lines(fig: Any, sources: dict[str, Any]) -> None:
    before = fig.line("x", "y", source=sources["before"], line_width=1.5, line_dash=[2, 3])
    themed(before.glyph, line_color="--chart-prediction")
    expected = fig.line("x", "y", source=sources["prediction"], line_width=2, line_dash=[6, 4])
    themed(expected.glyph, line_color="--chart-prediction")
    reading = fig.line("x", "y", source=sources["reading"], line_width=2.5, line_join="round")
    themed(reading.glyph, line_color="--chart-reading")
    latest = fig.scatter("x", "y", source=sources["latest"], size=11, line_width=2)
    themed(latest.glyph, fill_color="--chart-reading", line_color="--surface")


def _hover(fig: Any, source: Any) -> None:
    """One invisible strip per row answers for all lines, wherever the pointer is above it."""
    strips = fig.vstrip(x0="start", x1="end", source=source, fill_alpha=0, line_color=None)
    lines = {
        _("used"): "@reading_text",
        _("expected"): "@prediction_text",
        _("period before"): "@before_text",
        _("meters reported"): _("%(some)s of %(all)s") % {"some": "@meters_text", "all": "@usual_text"},
    }
    fig.add_tools(
        HoverTool(
            renderers=[strips], tooltips=tip("@when", lines), mode="mouse", point_policy="follow_mouse", visible=False
        )
    )
