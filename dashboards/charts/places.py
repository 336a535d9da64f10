"""The map of all meters by coordinates. No tiles: no map service learns who looks at whom."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sqrt
from typing import Any

from bokeh.models import ColumnDataSource, DataRange1d, HoverTool
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import number_words
from dashboards.charts.data import MeterPoint, Payload
from dashboards.charts.meter import empty_payload
from dashboards.charts.rank import kwh_words, rank_table, ranks, share_words
from dashboards.charts.theme import GLYPH_FONT, blank_figure, themed, tip

MARKERS = (
    ("circle", "●"),
    ("square", "■"),
    ("triangle", "▲"),
    ("diamond", "◆"),
    ("inverted_triangle", "▼"),
    ("plus", "✚"),
)
SMALLEST_PX, LARGEST_PX = 8.0, 24.0


def map_payload(meters: Sequence[MeterPoint], *, version: str = "") -> Payload:
    """Meters in the plane: x is longitude × cos(mean latitude), y is latitude, both in degrees of latitude.

    Args:
        meters: all that the reader may see; those without coordinates are counted in `rows_note`.

    Returns:
        source `meters` (`x`, `y`, `size` px, `marker`, hover words), `selected` (a ring), `feeders`;
        `keys`: sign, kind and count per shape; rows of `rank_table`.
    """
    placed = [row for row, meter in enumerate(meters) if _is_placed(meter)]
    if not placed:
        return empty_payload("map", _("No meter has coordinates yet. They come with the list of meters."), version)
    kinds = sorted({meter.kind for meter in meters})
    points = [meters[row] for row in placed]
    places = [_("%(rank)s of %(all)s") % {"rank": rank, "all": len(meters)} for rank in ranks(meters)]
    columns = _columns(points, [places[row] for row in placed], kinds)
    missing = len(meters) - len(placed)
    return {
        **empty_payload("map", "", version),
        "sources": {
            "meters": columns,
            "selected": _ring(columns, points),
            "feeders": _feeders(columns, points),
        },
        "keys": _keys(points, kinds),
        "rows": rank_table(meters),
        "rows_note": _missing_words(missing) if missing else "",
        "say": ngettext(
            "%(count)s meter by its coordinates; a larger sign has saved more.",
            "%(count)s meters by their coordinates; a larger sign has saved more.",
            len(placed),
        )
        % {"count": number_words(len(placed))},
    }


def _missing_words(missing: int) -> str:
    return _("%(count)s without coordinates, in the table only.") % {"count": number_words(missing)}


def _is_placed(meter: MeterPoint) -> bool:
    return meter.latitude is not None and meter.longitude is not None


def _scale(points: Sequence[MeterPoint]) -> float:
    latitudes = [float(point.latitude or 0.0) for point in points]
    return cos(radians(sum(latitudes) / len(latitudes)))


def _columns(points: Sequence[MeterPoint], places: Sequence[str], kinds: Sequence[str]) -> dict[str, list[Any]]:
    scale = _scale(points)
    most = max((point.savings_wh for point in points), default=0.0)
    return {
        "x": [round(float(point.longitude or 0.0) * scale, 6) for point in points],
        "y": [round(float(point.latitude or 0.0), 6) for point in points],
        "size": [_size(point.savings_wh, most) for point in points],
        "marker": [MARKERS[kinds.index(point.kind) % len(MARKERS)][0] for point in points],
        "name": [point.name for point in points],
        "kind": [point.kind for point in points],
        "feeder": [point.feeder or _("not known") for point in points],
        "rank": list(places),
        "savings": [kwh_words(point.savings_wh) for point in points],
        "participation": [share_words(point.participation) for point in points],
    }


def _size(savings_wh: float, most_wh: float) -> float:
    """Diameter in pixels; its area grows with the savings."""
    share = max(0.0, savings_wh) / most_wh if most_wh > 0 else 0.0
    return round(SMALLEST_PX + (LARGEST_PX - SMALLEST_PX) * sqrt(share), 1)


def _ring(columns: dict[str, list[Any]], points: Sequence[MeterPoint]) -> dict[str, list[Any]]:
    rows = [row for row, point in enumerate(points) if point.is_selected]
    return {
        "x": [columns["x"][row] for row in rows],
        "y": [columns["y"][row] for row in rows],
        "size": [columns["size"][row] + 10 for row in rows],
        "name": [columns["name"][row] for row in rows],
    }


def _feeders(columns: dict[str, list[Any]], points: Sequence[MeterPoint]) -> dict[str, list[Any]]:
    """Each feeder's name above the northernmost of its meters, at their middle."""
    names = sorted({point.feeder for point in points if point.feeder})
    members = [[row for row, point in enumerate(points) if point.feeder == name] for name in names]
    return {
        "x": [sum(columns["x"][row] for row in rows) / len(rows) for rows in members],
        "y": [max(columns["y"][row] for row in rows) for rows in members],
        "name": names,
    }


def _keys(points: Sequence[MeterPoint], kinds: Sequence[str]) -> list[dict[str, Any]]:
    counts = {kind: sum(point.kind == kind for point in points) for kind in kinds}
    return [
        {"sign": MARKERS[place % len(MARKERS)][1], "text": kind, "count": counts[kind]}
        for place, kind in enumerate(kinds)
        if counts[kind]
    ]


def map_figure() -> Any:
    """Figure `map`: both axes in one scale; hover with name, rank, savings, participation and feeder."""
    fig = blank_figure(
        name="map", height=420, tools="pan,wheel_zoom,reset", active_drag=None, active_scroll=None,
        match_aspect=True, x_range=DataRange1d(range_padding=0.12, name="map_x"),
        y_range=DataRange1d(range_padding=0.2, name="map_y"),
    )  # fmt: skip
    fig.axis.visible = False
    themed(fig, background_fill_color="--chart-gap-fill")
    themed(fig.xgrid[0], grid_line_color="--chart-grid")
    _points(fig)
    _feeder_names(fig)
    return fig


def _points(fig: Any) -> None:
    words = ("name", "kind", "feeder", "rank", "savings", "participation")
    source = ColumnDataSource(data={name: [] for name in ("x", "y", "size", "marker", *words)}, name="meters")
    signs = fig.scatter("x", "y", size="size", marker="marker", source=source, fill_alpha=0.75, line_width=1)
    themed(signs.glyph, fill_color="--chart-saved-line", line_color="--surface")
    ring_source = ColumnDataSource(data={"x": [], "y": [], "size": [], "name": []}, name="selected")
    ring = fig.scatter("x", "y", size="size", source=ring_source, fill_color=None, line_width=3)
    themed(ring.glyph, line_color="--chart-reading")
    _place_names(fig, ring_source, y_offset=-12)
    labels = (_("kind"), _("feeder"), _("rank"), _("savings"), _("participation"))
    tooltips = tip("@name", {label: f"@{word}" for label, word in zip(labels, words[1:], strict=True)})
    fig.add_tools(HoverTool(renderers=[signs], tooltips=tooltips, visible=False))


def _feeder_names(fig: Any) -> None:
    source = ColumnDataSource(data={"x": [], "y": [], "name": []}, name="feeders")
    _place_names(fig, source, y_offset=-16)


def _place_names(fig: Any, source: Any, *, y_offset: int) -> None:
    words = fig.text(
        "x", "y", text="name", source=source, y_offset=y_offset, text_align="center", text_font=GLYPH_FONT,
        text_font_size="13px", text_font_style="bold",
    )  # fmt: skip
    words.glyph.tags = ["text_font=font"]
    themed(words.glyph, text_color="--ink")
