"""Who saved most: rank of meters, and its bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bokeh.models import ColumnDataSource, Range1d
from django.utils.translation import gettext as _

from common.speech import float_words, percent_words
from dashboards.charts.data import MeterPoint, Payload
from dashboards.charts.meter import empty_payload
from dashboards.charts.theme import GLYPH_FONT, blank_figure, themed

BAR_LIMIT = 12
ROW_HEIGHT = 46


def ranks(meters: Sequence[MeterPoint]) -> list[int]:
    """Rank of each meter by savings, 1 for the most; equal savings share the better rank.

    >>> ranks([MeterPoint("a", "home", 5), MeterPoint("b", "home", 9), MeterPoint("c", "home", 5)])
    [2, 1, 2]
    """
    order = sorted((meter.savings_wh for meter in meters), reverse=True)
    first = {savings: place for place, savings in reversed(list(enumerate(order, start=1)))}
    return [first[meter.savings_wh] for meter in meters]


def rank_table(meters: Sequence[MeterPoint]) -> list[list[Any]]:
    """Rows [rank, name, kind, feeder, saved kWh, participation], best first; a name with a page is a link."""
    pairs = sorted(zip(ranks(meters), meters, strict=True), key=lambda pair: (pair[0], pair[1].name))
    return [
        [
            str(rank),
            {"text": meter.name, "href": meter.url} if meter.url else meter.name,
            meter.kind,
            meter.feeder or "–",
            kwh_words(meter.savings_wh),
            share_words(meter.participation),
        ]
        for rank, meter in pairs
    ]


def kwh_words(wh: float) -> str:
    """Energy in the reader's words.

    >>> kwh_words(5652)
    '5.7 kWh'
    """
    return f"{float_words(wh / 1000, 1)} kWh"


def share_words(share: float | None) -> str:
    """A share in the reader's words, a dash without one."""
    return "–" if share is None else percent_words(share)


def rank_payload(meters: Sequence[MeterPoint], *, version: str = "") -> Payload:
    """The first `BAR_LIMIT` bars (and the selected meter's, wherever it stands) and all rows."""
    if not meters:
        return empty_payload("rank", _("There are no meters to compare yet."), version)
    pairs = sorted(zip(ranks(meters), meters, strict=True), key=lambda pair: (pair[0], pair[1].name))
    shown = [pair for place, pair in enumerate(pairs) if place < BAR_LIMIT or pair[1].is_selected]
    widest = max(abs(meter.savings_wh) for _rank, meter in shown) / 1000 or 1.0
    lowest = min(0.0, *(meter.savings_wh / 1000 for _rank, meter in shown))
    counts = {"shown": len(shown), "all": len(meters)}
    note = _("%(shown)s of %(all)s meters are drawn; the table has all.") % counts if len(shown) < len(meters) else ""
    return {
        **empty_payload("rank", "", version),
        "sources": _bars(shown),
        "props": {
            "rank": {"height": ROW_HEIGHT * len(shown) + 10},
            "rank_x": {"start": lowest, "end": widest * 1.02},
            "rank_y": {"start": len(shown) - 0.25, "end": -0.75},
        },
        "rows": rank_table(meters),
        "rows_note": note,
        "say": _("%(name)s saved most: %(energy)s.")
        % {"name": pairs[0][1].name, "energy": kwh_words(pairs[0][1].savings_wh)},
    }


def _bars(shown: Sequence[tuple[int, MeterPoint]]) -> dict[str, dict[str, list[Any]]]:
    columns: dict[str, dict[str, list[Any]]] = {name: {"y": [], "saved": []} for name in ("others", "selected")}
    for place, (_rank, meter) in enumerate(shown):
        bar = columns["selected" if meter.is_selected else "others"]
        bar["y"].append(place)
        bar["saved"].append(round(meter.savings_wh / 1000, 3))
    names: dict[str, list[Any]] = {
        "y": [place - 0.3 for place in range(len(shown))],
        "text": [_label(rank, meter) for rank, meter in shown],
    }
    return {**columns, "names": names}


def _label(rank: int, meter: MeterPoint) -> str:
    name = meter.name if len(meter.name) <= 24 else f"{meter.name[:23]}…"
    mark = f" ({_('selected')})" if meter.is_selected else ""
    return f"{rank}. {kwh_words(meter.savings_wh)}, {name}{mark}"


def rank_figure() -> Any:
    """Horizontal bars with amount and name above each, so that long names fit on a phone."""
    fig = blank_figure(
        name="rank", height=200, x_range=Range1d(0, 1, name="rank_x"), y_range=Range1d(1, 0, name="rank_y")
    )
    fig.axis.visible = False
    fig.grid.visible = False
    for name, role in (("others", "--chart-saved-line"), ("selected", "--chart-reading")):
        source = ColumnDataSource(data={"y": [], "saved": []}, name=name)
        bars = fig.hbar("y", right="saved", height=0.3, source=source, line_color=None)
        themed(bars.glyph, fill_color=role)
    source = ColumnDataSource(data={"y": [], "text": []}, name="names")
    words = fig.text(
        0,
        "y",
        text="text",
        source=source,
        text_font=GLYPH_FONT,
        text_font_size="13px",
        text_baseline="middle",
    )
    words.glyph.tags = ["text_font=font"]
    themed(words.glyph, text_color="--ink")
    return fig
