"""The meter chart without data: two figures, one above the other."""

from __future__ import annotations

from typing import Any

from bokeh.layouts import column
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d, RangeTool
from django.utils.translation import gettext as _

from dashboards.charts.theme import GLYPH_FONT, blank_figure, corner_text, themed, tip


def _tooltips() -> str:
    return tip(
        "@when",
        {
            _("measured"): "@reading_text @remark",
            _("expected"): "@prediction_text",
            _("likely range"): _("%(low)s to %(high)s") % {"low": "@lower_text", "high": "@upper_text"},
        },
    )


def meter_figure() -> Any:
    """Figures `meter` and `range`; the payload's sources, view and properties fill them by name."""
    sources = {name: ColumnDataSource(data=columns, name=name) for name, columns in _COLUMNS.items()}
    main, overview = _main(sources), _overview(sources)
    overview.add_tools(_range_tool(main.x_range))
    return column(main, overview, sizing_mode="stretch_width", name="meter_chart")


_SPAN: dict[str, list[Any]] = {"start": [], "end": []}
_XY: dict[str, list[Any]] = {"x": [], "y": []}
_SLOTS = ("reading", "prediction", "lower", "upper", "remark", "when")
_TEXTS = ("reading_text", "prediction_text", "lower_text", "upper_text")
_COLUMNS: dict[str, dict[str, list[Any]]] = {
    "slots": {**_SPAN, **{name: [] for name in (*_SLOTS, *_TEXTS)}},
    "events": {**_SPAN, "name": [], "shown_name": [], "name_at": []},
    "gaps": dict(_SPAN),
    "reading": dict(_XY),
    "prediction": dict(_XY),
    "band": dict(_XY),
    "saved": dict(_XY),
    "latest": dict(_XY),
    "estimated": dict(_XY),
    "excluded": {**_SPAN, "name": [], "shown_name": [], "name_at": []},
    "peaks": {**_XY, "place": []},
}


def _main(sources: dict[str, Any]) -> Any:
    fig = blank_figure(
        name="meter", height=320, tools="xpan,xwheel_zoom,reset", active_drag=None, active_scroll=None,
        x_range=Range1d(0, 1, name="x_range"), y_range=Range1d(0, 1, name="y_range"),
    )  # fmt: skip
    fig.extra_y_ranges = {"top": Range1d(0, 1)}
    corner_text(fig, name="unit")
    _time_axis(fig)
    fig.yaxis.ticker.desired_num_ticks = 5
    _backdrop(fig, sources)
    _excluded_strip(fig, sources["excluded"])
    _lines(fig, sources)
    _peaks(fig, sources["peaks"])
    _hover(fig, sources["slots"])
    return fig


def _backdrop(fig: Any, sources: dict[str, Any]) -> None:
    """Events, gaps, likely range and saved energy, behind the lines; event names at the top."""
    event = fig.vstrip(x0="start", x1="end", source=sources["events"], line_width=1.5, level="underlay")
    themed(event.glyph, fill_color="--chart-event", line_color="--chart-event-edge")
    _gap_strip(fig, sources["gaps"])
    band = fig.patch("x", "y", source=sources["band"], line_color=None)
    themed(band.glyph, fill_color="--chart-band")
    saved = fig.patch("x", "y", source=sources["saved"], line_color=None)
    themed(saved.glyph, fill_color="--chart-saved")
    names = fig.text(
        "name_at", 1, text="shown_name", source=sources["events"], y_range_name="top", x_offset=6, y_offset=4,
        text_baseline="top", text_font_size="13px", text_font_style="bold", text_font=GLYPH_FONT,
    )  # fmt: skip
    names.glyph.tags = ["text_font=font"]
    themed(names.glyph, text_color="--event-ink")


def _gap_strip(fig: Any, source: Any) -> None:
    strip = fig.vstrip(
        x0="start", x1="end", source=source, line_color=None, hatch_pattern="right_diagonal_line",
        hatch_scale=7, hatch_weight=1, level="underlay",
    )  # fmt: skip
    themed(strip.glyph, fill_color="--chart-gap-fill", hatch_color="--chart-gap")


def _excluded_strip(fig: Any, source: Any) -> None:
    """A strip of its own along the lower edge, named where there is room: it takes nothing from the events."""
    strip = fig.quad(
        left="start", right="end", bottom=0, top=0.05, y_range_name="top", source=source, line_width=1,
        hatch_pattern="dot", hatch_scale=6, level="underlay",
    )  # fmt: skip
    themed(strip.glyph, fill_color="--surface", line_color="--chart-gap", hatch_color="--chart-gap")
    names = fig.text(
        "name_at", 0.06, text="shown_name", source=source, y_range_name="top", x_offset=4, text_baseline="bottom",
        text_font_size="12px", text_font=GLYPH_FONT,
    )  # fmt: skip
    names.glyph.tags = ["text_font=font"]
    themed(names.glyph, text_color="--chart-text")


def _peaks(fig: Any, source: Any) -> None:
    """A ring and its place at each of the highest intervals."""
    rings = fig.scatter("x", "y", source=source, size=10, line_width=2)
    themed(rings.glyph, fill_color="--surface", line_color="--ink")
    places = fig.text(
        "x", "y", text="place", source=source, y_offset=-8, text_align="center", text_baseline="bottom",
        text_font_size="12px", text_font_style="bold", text_font=GLYPH_FONT,
    )  # fmt: skip
    places.glyph.tags = ["text_font=font"]
    themed(places.glyph, text_color="--ink")


def _lines(fig: Any, sources: dict[str, Any]) -> None:
    expected = fig.line("x", "y", source=sources["prediction"], line_width=2, line_dash=[6, 4])
    themed(expected.glyph, line_color="--chart-prediction")
    reading = fig.line("x", "y", source=sources["reading"], line_width=2.5, line_join="round")
    themed(reading.glyph, line_color="--chart-reading")
    # Gaps in the line where a value is an estimate: solid is measured.
    estimated = fig.line("x", "y", source=sources["estimated"], line_width=3, line_dash=[4, 4])
    themed(estimated.glyph, line_color="--surface")
    latest = fig.scatter("x", "y", source=sources["latest"], size=11, line_width=2)
    themed(latest.glyph, fill_color="--chart-reading", line_color="--surface")


def _hover(fig: Any, source: Any) -> None:
    """One invisible strip per interval answers for both lines, wherever the pointer is above it."""
    strips = fig.vstrip(x0="start", x1="end", source=source, fill_alpha=0, line_color=None)
    fig.add_tools(
        HoverTool(renderers=[strips], tooltips=_tooltips(), mode="mouse", point_policy="follow_mouse", visible=False)
    )


def _overview(sources: dict[str, Any]) -> Any:
    fig = blank_figure(
        name="range", height=96, x_range=Range1d(0, 1, name="range_x"), y_range=Range1d(0, 1, name="range_y")
    )
    _time_axis(fig)
    fig.yaxis.visible = False
    fig.ygrid.grid_line_color = None
    fig.ygrid.tags = []
    event = fig.vstrip(x0="start", x1="end", source=sources["events"], line_width=1, level="underlay")
    themed(event.glyph, fill_color="--chart-event", line_color="--chart-event-edge")
    line = fig.line("x", "y", source=sources["reading"], line_width=1.25)
    themed(line.glyph, line_color="--chart-reading")
    return fig


def _range_tool(x_range: Any) -> Any:
    tool = RangeTool(x_range=x_range, name="range_tool")
    tool.overlay.update(fill_alpha=1, line_width=1.5, line_dash=[])
    themed(tool.overlay, fill_color="--chart-band", line_color="--chart-prediction")
    return tool


def _time_axis(fig: Any) -> None:
    """Ticks come from the page's script, on local hours and days (see `clock`)."""
    axis = fig.xaxis[0]
    axis.ticker = FixedTicker(ticks=[])
    axis.tags = [*axis.tags, "local-time"]
    fig.xgrid.ticker = axis.ticker
