"""Two periods over each other, place by place: this week's Monday evening on last week's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from common.speech import percent_words
from dashboards.charts.data import ChartDataError, Floats, Payload
from dashboards.charts.meter import empty_payload, kwh_column
from dashboards.charts.theme import blank_figure, corner_text, themed, tip
from dashboards.words import kwh

Counts = NDArray[np.int64]
CSV_HEADER = ("place", "kwh", "compared_kwh", "difference_kwh", "complete")


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of the two periods, by place.

    Args:
        words: its name.
        wh: (n,) Wh of what was measured in each place.
        slots, wanted: (n,) how many intervals were measured, and how many there are; 0 where the place does not
            occur: day 31 of a short month, the hour that a clock change skips.
    """

    words: str
    wh: Floats
    slots: Counts
    wanted: Counts

    def __post_init__(self) -> None:
        if not len(self.wh) == len(self.slots) == len(self.wanted):
            raise ChartDataError("A period needs an energy and two counts for each place.")

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Places of which nothing is missing."""
        return (self.wanted > 0) & (self.slots >= self.wanted)

    @property
    def shown_wh(self) -> Floats:
        """(n,) Wh, NaN where nothing was measured."""
        return np.where(self.slots > 0, self.wh, np.nan)

    @property
    def total_wh(self) -> float:
        """Wh of all that was measured."""
        return float(self.wh.sum())

    @property
    def share(self) -> float:
        """How much of it was measured, 0 to 1."""
        return float(self.slots.sum() / max(1, self.wanted.sum()))

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is missing."""
        return bool((self.slots >= self.wanted).all())


@dataclass(frozen=True, slots=True)
class Place:
    """Where both periods are laid over each other: `label` for people, `code` for files, `tick` on the axis or ""."""

    label: str
    code: str
    tick: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """This period less the other, in Wh, with both sums."""

    this_wh: float
    other_wh: float

    @property
    def words(self) -> str:
        """ "−6.8 kWh (−13 %)"; without a share where the other is nothing to take a share of."""
        return f"{_signed(kwh(round(self.this_wh - self.other_wh)))} kWh{self._share}"

    @property
    def _share(self) -> str:
        share = (self.this_wh - self.other_wh) / self.other_wh if self.other_wh > 0 else 0.0
        # Less than half a percent has no sign to show.
        return f" ({_signed(percent_words(share))})" if round(share * 100) else ""

    @property
    def sentence(self) -> str:
        """The same in a sentence's words: "6.8 kWh less (−13 %)"."""
        size = self.this_wh - self.other_wh
        amount = {"kwh": kwh(abs(round(size))), "share": self._share}
        return _("%(kwh)s kWh less%(share)s") % amount if size < 0 else _("%(kwh)s kWh more%(share)s") % amount


def _signed(text: str) -> str:
    return text if text.startswith("−") else f"+{text}"


def difference(this: Side, other: Side) -> Difference:
    """All that was measured of one against all of the other."""
    return Difference(this.total_wh, other.total_wh)


def fair_difference(this: Side, other: Side) -> Difference:
    """The same over the places that both have whole."""
    both = this.whole & other.whole
    return Difference(float(this.wh[both].sum()), float(other.wh[both].sum()))


def comparison_payload(
    places: Sequence[Place], this: Side, other: Side, *, remark: str = "", version: str = ""
) -> Payload:
    """Both lines, the sums and their difference in words, and the table twin.

    Returns:
        source `places`; `lists["sums"]`: rows of [period, kWh, how much of it was measured], the difference last;
        `rows` of [place, this, the other, difference, remark].
    """
    if not (this.slots.any() or other.slots.any()):
        return empty_payload("comparison", _("Nothing was measured in either of the two."), version)
    count = len(places)
    return {
        **empty_payload("comparison", "", version),
        "clock": [[0, 0, ""]],
        "ticks": [[row, place.tick] for row, place in enumerate(places) if place.tick],
        "sources": {"places": _columns(places, this, other)},
        "steps": [
            {"to": "this", "form": "line", "from": "places", "y": "this"},
            {"to": "other", "form": "line", "from": "places", "y": "other"},
        ],
        "texts": {"places": {name: {"unit": "kWh", "digits": 3, "missing": _("no data")} for name in _LINES}},
        "view": {f"{key}{end}": at for key in ("all_", "", "phone_") for end, at in (("start", 0), ("end", count))},
        "props": {"y_range": _ends(this, other)},
        "say": " ".join(filter(None, (comparison_sentence(this, other), remark))),
        "rows": [_row(places[row], this, other, row) for row in _told(this, other)],
        "lists": {"sums": sum_rows(this, other)},
    }


_LINES = ("this", "other")


def _columns(places: Sequence[Place], this: Side, other: Side) -> dict[str, list[Any]]:
    return {
        "start": list(range(len(places))),
        "end": list(range(1, len(places) + 1)),
        "when": [place.label for place in places],
        "this": kwh_column(this.shown_wh),
        "other": kwh_column(other.shown_wh),
    }


def _ends(this: Side, other: Side) -> dict[str, float]:
    values = np.concatenate([this.wh, other.wh, [0.0]]) / 1000
    low, high = float(values.min()), float(values.max())
    room = (high - low) * 0.1 or 1.0
    return {"start": low - room if low < 0 else 0.0, "end": high + room}


def comparison_sentence(this: Side, other: Side) -> str:
    """The result in one sentence; where readings are missing, over what both have whole."""
    if this.is_whole and other.is_whole:
        found = difference(this, other)
        return _("%(this)s: %(difference)s than %(other)s.") % _sentence_words(this, other, found)
    both = this.whole & other.whole
    if not both.any():
        return _("Nothing can be compared yet: there is no time that both have whole.")
    words = _sentence_words(this, other, fair_difference(this, other))
    return _("Over the times that both have whole, %(this)s: %(difference)s than %(other)s.") % words


def _sentence_words(this: Side, other: Side, found: Difference) -> dict[str, str]:
    return {"this": this.words, "other": other.words, "difference": found.sentence}


def sum_rows(this: Side, other: Side) -> list[list[str]]:
    """[period, kWh, how much of it was measured]; then the difference, over what both have where not all is there."""
    rows = [[side.words, f"{kwh(round(side.total_wh))} kWh", percent_words(side.share)] for side in (this, other)]
    if this.is_whole and other.is_whole:
        return [*rows, [_("Difference"), difference(this, other).words, ""]]
    both = this.whole & other.whole
    share = percent_words(float(this.wanted[both].sum() / max(1, this.wanted.sum())))
    words = fair_difference(this, other).words if both.any() else "–"
    return [*rows, [_("Difference over what both have"), words, share]]


def _told(this: Side, other: Side) -> list[int]:
    rows: list[int] = np.flatnonzero((this.slots > 0) | (other.slots > 0)).tolist()
    return rows


def _row(place: Place, this: Side, other: Side, row: int) -> list[str]:
    mine, theirs = this.shown_wh[row], other.shown_wh[row]
    both = this.whole[row] and other.whole[row]
    return [
        place.label,
        _("no data") if np.isnan(mine) else kwh(round(mine), 3),
        _("no data") if np.isnan(theirs) else kwh(round(theirs), 3),
        _signed(kwh(round(mine - theirs), 3)) if both else "–",
        "" if both else _("not all measured"),
    ]


def comparison_csv_rows(places: Sequence[Place], this: Side, other: Side) -> Iterator[Sequence[str]]:
    """The same for a file; see `CSV_HEADER`."""
    for row in _told(this, other):
        mine, theirs = (side.shown_wh[row] for side in (this, other))
        both = bool(this.whole[row] and other.whole[row])
        less = f"{(mine - theirs) / 1000:.3f}" if both else ""
        texts = ["" if np.isnan(value) else f"{value / 1000:.3f}" for value in (mine, theirs)]
        yield (places[row].code, *texts, less, "yes" if both else "no")


def comparison_figure() -> Any:
    """Figure `comparison`: this period solid, the other dashed."""
    fig = blank_figure(
        name="comparison", height=300, x_range=Range1d(0, 1, name="x_range"), y_range=Range1d(0, 1, name="y_range")
    )
    corner_text(fig, name="comparison_unit", text="kWh")
    axis = fig.xaxis[0]
    axis.ticker = FixedTicker(ticks=[])
    axis.tags = [*axis.tags, "local-time"]
    fig.xgrid.ticker = axis.ticker
    fig.yaxis.ticker.desired_num_ticks = 4
    lines = {name: ColumnDataSource(data={"x": [], "y": []}, name=name) for name in _LINES}
    other = fig.line("x", "y", source=lines["other"], line_width=2, line_dash=[6, 4])
    themed(other.glyph, line_color="--chart-prediction")
    this = fig.line("x", "y", source=lines["this"], line_width=2.5)
    themed(this.glyph, line_color="--chart-reading")
    names = ("start", "end", "when", *_LINES, *(f"{name}_text" for name in _LINES))
    places = ColumnDataSource(data={name: [] for name in names}, name="places")
    strips = fig.vstrip(x0="start", x1="end", source=places, fill_alpha=0, line_color=None)
    words = tip("@when", {_("this time"): "@this_text", _("the other time"): "@other_text"})
    fig.add_tools(HoverTool(renderers=[strips], tooltips=words, point_policy="follow_mouse", visible=False))
    return fig
