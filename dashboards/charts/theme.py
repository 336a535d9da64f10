"""Colors by role. A figure names the page's CSS properties; the script fills them in for light and dark.

A tag "line_color=--chart-reading" on a model means: this property takes the color of that role. The values
set here are those of the light theme, so that a figure is readable before the script has run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bokeh.core.properties import value
from bokeh.plotting import figure

LIGHT = {
    "--surface": "#ffffff",
    "--ink": "#14201f",
    "--event-ink": "#6d4700",
    "--chart-reading": "#1763a6",
    "--chart-prediction": "#4c5b66",
    "--chart-band": "rgba(76, 91, 102, 0.15)",
    "--chart-event": "rgba(238, 172, 38, 0.20)",
    "--chart-event-edge": "#b57b08",
    "--chart-saved": "rgba(18, 128, 92, 0.30)",
    "--chart-saved-line": "#12805c",
    "--chart-gap": "#83928e",
    "--chart-gap-fill": "#e9eeec",
    "--chart-target": "#14201f",
    "--chart-grid": "#e4eae8",
    "--chart-axis": "#93a29e",
    "--chart-seq-1": "#e3eef8",
    "--chart-seq-2": "#b4d1ec",
    "--chart-seq-3": "#76a9d8",
    "--chart-seq-4": "#3178b8",
    "--chart-seq-5": "#0f4a80",
    "--chart-text": "#566562",
}
FONT = "system-ui, sans-serif"
GLYPH_FONT = value(FONT)
"""A glyph would read a bare string as the name of a column."""


def themed(model: Any, **roles: str) -> Any:
    """The same model with properties bound to roles: `themed(glyph, line_color="--chart-reading")`."""
    for name, role in roles.items():
        model.tags = [*model.tags, f"{name}={role}"]
        setattr(model, name, LIGHT[role])
    return model


def blank_figure(*, name: str, height: int, tools: str = "", **options: Any) -> Any:
    """An empty figure in the house style: as wide as its place, no frame, quiet grid, no logo."""
    fig = figure(
        name=name, height=height, tools=tools, sizing_mode="stretch_width", min_border=0,
        toolbar_location="above" if tools else None, background_fill_color=None, border_fill_color=None,
        outline_line_color=None, **options,
    )  # fmt: skip
    fig.toolbar.logo = None
    fig.toolbar.name = f"{name}_toolbar"
    for axis in fig.axis:
        style_axis(axis)
    for grid in fig.grid:
        themed(grid, grid_line_color="--chart-grid")
    fig.xgrid.grid_line_color = None
    fig.xgrid.tags = []
    return fig


def style_axis(axis: Any) -> None:
    """Quiet line, no ticks, 12 px labels in the reader's font."""
    themed(axis, axis_line_color="--chart-axis", major_label_text_color="--chart-text")
    themed(axis, axis_label_text_color="--chart-text")
    axis.update(
        major_tick_line_color=None, minor_tick_line_color=None, major_label_text_font_size="12px",
        axis_label_text_font_size="12px", axis_label_text_font_style="normal", major_label_text_font=FONT,
        axis_label_text_font=FONT,
    )  # fmt: skip
    axis.tags = [*axis.tags, "major_label_text_font=font", "axis_label_text_font=font"]


def corner_text(fig: Any, *, name: str, text: str = "") -> None:
    """A unit or a short heading above the plot's left corner, changed by the payload through its name."""
    fig.title.update(name=name, text=text, text_font_size="12px", text_font_style="normal", text_font=FONT, standoff=6)
    fig.title.tags = ["text_font=font"]
    themed(fig.title, text_color="--chart-text")


def tip(head: str, lines: Mapping[str, str]) -> str:
    """Hover words as plain HTML: inline style would be blocked by the page. Bokeh escapes values.

    >>> tip("@name", {"rank": "@place"})
    '<div><strong>@name</strong></div><div>rank: @place</div>'
    """
    rest = "".join(f"<div>{name}: {words}</div>" for name, words in lines.items())
    return f"<div><strong>{head}</strong></div>{rest}"
