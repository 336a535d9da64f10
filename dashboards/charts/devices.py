"""The power of the devices behind one VEN over a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, Range1d
from django.utils.translation import gettext as _

from common.speech import day_words, float_words, hour_words
from dashboards.charts.clock import clock_steps
from dashboards.charts.data import EventSpan, Floats, Payload
from dashboards.charts.meter import empty_payload
from dashboards.charts.theme import GLYPH_FONT, blank_figure, corner_text, themed, tip

MINUTE = 60
# What a device said stands for its power until it says something else, five minutes at most.
HOLD = 5
QUARTER = 15


def minutes_of(samples: Mapping[int, Sequence[tuple[datetime, int]]], start: datetime, minutes: int) -> Floats:
    """(minutes,) kW of all devices together, NaN where none said anything in the last minutes.

    Args:
        samples: device -> (moment, W), oldest first.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    >>> minutes_of({1: [(noon, 1000), (noon + timedelta(seconds=30), 3000)], 2: []}, noon, 7).tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0, nan, nan]
    """
    whole, speaking = np.zeros(minutes), np.zeros(minutes, dtype=np.int64)
    for rows in samples.values():
        if rows:
            held = _held(rows, start, minutes)
            known = ~np.isnan(held)
            whole[known] += held[known]
            speaking += known
    return np.where(speaking > 0, whole / 1000, np.nan)


def _held(rows: Sequence[tuple[datetime, int]], start: datetime, minutes: int) -> Floats:
    cells = np.array([int((at - start).total_seconds()) // MINUTE for at, _watts in rows])
    watts = np.array([watts for _at, watts in rows], dtype=np.float64)
    inside = (cells >= 0) & (cells < minutes)
    sums = np.bincount(cells[inside], weights=watts[inside], minlength=minutes)
    counts = np.bincount(cells[inside], minlength=minutes)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    said = np.maximum.accumulate(np.where(counts > 0, np.arange(minutes), -1))
    is_held = (said >= 0) & (np.arange(minutes) - said < HOLD)
    held: Floats = np.where(is_held, means[np.maximum(said, 0)], np.nan)
    return held


def device_payload(
    kw: Floats, start: datetime, zone: ZoneInfo, events: Sequence[EventSpan] = (), *, version: str = ""
) -> Payload:
    """What the figure `device` draws, minute by minute in kW; see `meter_payload` for the keys."""
    if not len(kw) or np.isnan(kw).all():
        return empty_payload("device", _("The devices have not said what they draw in the last day."), version)
    first = int(start.timestamp() * 1000)
    edges = first + np.arange(len(kw) + 1) * MINUTE * 1000
    return {
        **empty_payload("device", "", version),
        "zone": zone.key,
        "clock": clock_steps(first, int(edges[-1]), zone),
        "sources": _sources(kw, edges, events, start, zone),
        "rows": device_rows(kw, start, zone),
        "view": {
            "all_start": first, "all_end": int(edges[-1]), "start": first, "end": int(edges[-1]),
            "phone_start": first, "phone_end": int(edges[-1]),
        },
        "props": _props(kw),
        "say": device_sentence(kw, start, zone),
    }  # fmt: skip


def _sources(
    kw: Floats, edges: Any, events: Sequence[EventSpan], start: datetime, zone: ZoneInfo
) -> dict[str, dict[str, Any]]:
    values = [None if value != value else round(value, 3) for value in kw.tolist()]
    shown = [event for event in events if event.end_ms > edges[0] and event.start_ms < edges[-1]]
    known = np.flatnonzero(~np.isnan(kw))
    whens = [_when(start + timedelta(minutes=place), zone) for place in known.tolist()]
    return {
        "power": {"x": edges[:-1].tolist(), "y": values},
        "cells": {
            "start": edges[known].tolist(),
            "end": edges[known + 1].tolist(),
            "when": whens,
            "words": [f"{float_words(float(value), 2)} kW" for value in kw[known]],
        },
        "events": {
            "start": [event.start_ms for event in shown],
            "end": [event.end_ms for event in shown],
            "name": [event.name for event in shown],
        },
    }


def _props(kw: Floats) -> dict[str, dict[str, Any]]:
    low, high = min(float(np.nanmin(kw)), 0.0), max(float(np.nanmax(kw)), 0.0)
    room = (high - low) * 0.14 or 1.0
    ends = {"start": low - room if low < 0 else 0.0, "end": high + room}
    return {"unit": {"text": "kW"}, "y_range": {**ends, "reset_start": ends["start"], "reset_end": ends["end"]}}


def device_sentence(kw: Floats, start: datetime, zone: ZoneInfo) -> str:
    """The newest power and the highest of the day."""
    known = np.flatnonzero(~np.isnan(kw))
    top = int(known[np.argmax(kw[known])])
    return _("%(kw)s kW at %(time)s; the most of the day was %(top)s kW at %(top_time)s.") % {
        "kw": float_words(float(kw[known[-1]]), 2),
        "time": _when(start + timedelta(minutes=int(known[-1])), zone),
        "top": float_words(float(kw[top]), 2),
        "top_time": _when(start + timedelta(minutes=top), zone),
    }


def _when(at: datetime, zone: ZoneInfo) -> str:
    return hour_words(at.astimezone(zone), minutes=True)


def device_columns() -> list[str]:
    """Heads of the table twin."""
    return [_("Quarter of an hour"), _("Mean power, kW"), _("Highest, kW")]


def device_rows(kw: Floats, start: datetime, zone: ZoneInfo) -> list[list[str]]:
    """The table twin: quarters of an hour with any power, the newest first."""
    rows = []
    for first in range(0, len(kw), QUARTER):
        known = kw[first : first + QUARTER]
        known = known[~np.isnan(known)]
        if len(known):
            local = (start + timedelta(minutes=first)).astimezone(zone)
            words = [float_words(float(value), 2) for value in (known.mean(), known.max())]
            rows.append([f"{day_words(local.date())}, {hour_words(local, minutes=True)}", *words])
    return rows[::-1]


def quarter_before(now: datetime) -> datetime:
    """The start of a day of whole quarters of an hour that ends with the one that runs."""
    ends = datetime.fromtimestamp((int(now.timestamp()) // 900 + 1) * 900, UTC)
    return ends - timedelta(days=1)


def device_figure() -> Any:
    """Figure `device`; the payload's sources, view and properties fill it by name."""
    columns: dict[str, dict[str, list[Any]]] = {
        "power": {"x": [], "y": []},
        "cells": {"start": [], "end": [], "when": [], "words": []},
        "events": {"start": [], "end": [], "name": [], "shown_name": [], "name_at": []},
    }
    sources = {name: ColumnDataSource(data=dict(empty), name=name) for name, empty in columns.items()}
    fig = blank_figure(
        name="device", height=240, tools="xpan,xwheel_zoom,reset", active_drag=None, active_scroll=None,
        x_range=Range1d(0, 1, name="x_range"), y_range=Range1d(0, 1, name="y_range"),
    )  # fmt: skip
    fig.extra_y_ranges = {"top": Range1d(0, 1)}
    corner_text(fig, name="unit")
    axis = fig.xaxis[0]
    axis.ticker = FixedTicker(ticks=[])
    axis.tags = [*axis.tags, "local-time"]
    fig.xgrid.ticker = axis.ticker
    fig.yaxis.ticker.desired_num_ticks = 4
    _glyphs(fig, sources)
    return fig


def _glyphs(fig: Any, sources: dict[str, Any]) -> None:
    event = fig.vstrip(x0="start", x1="end", source=sources["events"], line_width=1.5, level="underlay")
    themed(event.glyph, fill_color="--chart-event", line_color="--chart-event-edge")
    names = fig.text(
        "name_at", 1, text="shown_name", source=sources["events"], y_range_name="top", x_offset=6, y_offset=4,
        text_baseline="top", text_font_size="13px", text_font_style="bold", text_font=GLYPH_FONT,
    )  # fmt: skip
    names.glyph.tags = ["text_font=font"]
    themed(names.glyph, text_color="--event-ink")
    line = fig.line("x", "y", source=sources["power"], line_width=2, line_join="round")
    themed(line.glyph, line_color="--chart-reading")
    strips = fig.vstrip(x0="start", x1="end", source=sources["cells"], fill_alpha=0, line_color=None)
    words = tip("@when", {_("power"): "@words"})
    fig.add_tools(
        HoverTool(renderers=[strips], tooltips=words, mode="mouse", point_policy="follow_mouse", visible=False)
    )
