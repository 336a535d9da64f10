"""The participation ring: in how many intervals a meter stayed below its forecast."""

from __future__ import annotations

from math import pi
from typing import Any

from bokeh.models import ColumnDataSource, Range1d
from django.utils.translation import gettext as _

from common.speech import number_words, percent_words
from dashboards.charts.data import ChartDataError, Payload
from dashboards.charts.meter import empty_payload
from dashboards.charts.theme import GLYPH_FONT, blank_figure, themed


def participation_payload(below: int, counted: int, *, version: str = "") -> Payload:
    """The ring, its words and its table twin.

    Args:
        below: intervals with a positive delta (used less than forecast).
        counted: intervals with both a reading and a forecast.

    Raises:
        ChartDataError: more intervals below than counted, or a negative number.

    >>> participation_payload(31, 50)["rows"]
    [['Below forecast', '31', '62 %'], ['Not below', '19', '38 %'], ['All counted', '50', '100 %']]
    """
    if not 0 <= below <= counted:
        raise ChartDataError(f"{below} intervals below forecast cannot be part of {counted}.")
    if not counted:
        return empty_payload("participation", _("No interval has both a reading and a forecast yet."), version)
    share = below / counted
    turn = pi / 2 - 2 * pi * share
    return {
        **empty_payload("participation", "", version),
        "sources": {
            "below": {"from": [turn], "to": [pi / 2]},
            "rest": {"from": [pi / 2], "to": [turn + 2 * pi]},
            "words": {
                "y": [0.1, -0.2],
                "text": [percent_words(share), _("below forecast")],
                "size": ["26px", "13px"],
            },
        },
        "rows": _rows(below, counted),
        "say": _("%(below)s of %(all)s intervals were below the forecast, %(share)s.")
        % {"below": number_words(below), "all": number_words(counted), "share": percent_words(share)},
    }


def _rows(below: int, counted: int) -> list[list[str]]:
    parts = {_("Below forecast"): below, _("Not below"): counted - below, _("All counted"): counted}
    return [[name, number_words(count), percent_words(count / counted)] for name, count in parts.items()]


def participation_figure() -> Any:
    """A ring of two parts, plain and hatched, with its share in words in the middle."""
    fig = blank_figure(name="participation", height=220, x_range=Range1d(-1.05, 1.05), y_range=Range1d(-1.05, 1.05))
    fig.update(sizing_mode="fixed", width=220)
    fig.axis.visible = False
    fig.grid.visible = False
    below = _part(fig, "below")
    themed(below.glyph, fill_color="--chart-saved-line", line_color="--surface")
    rest = _part(fig, "rest", hatch_pattern="right_diagonal_line", hatch_scale=7, hatch_weight=1)
    themed(rest.glyph, fill_color="--chart-gap-fill", line_color="--surface", hatch_color="--chart-gap")
    _words(fig)
    return fig


def _part(fig: Any, name: str, **look: Any) -> Any:
    source = ColumnDataSource(data={"from": [], "to": []}, name=name)
    return fig.annular_wedge(
        0, 0, inner_radius=0.66, outer_radius=1, start_angle="from", end_angle="to",
        source=source, line_width=2, **look
    )  # fmt: skip


def _words(fig: Any) -> None:
    source = ColumnDataSource(data={"y": [], "text": [], "size": []}, name="words")
    words = fig.text(
        0, "y", text="text", source=source, text_align="center", text_baseline="middle", text_font=GLYPH_FONT,
        text_font_size="size", text_font_style="bold",
    )  # fmt: skip
    words.glyph.tags = ["text_font=font"]
    themed(words.glyph, text_color="--ink")
