"""Autocorrelation and partial autocorrelation: what in a meter's use repeats, and after how long."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, HoverTool, Range1d, Span
from django.utils.translation import gettext as _

from common.speech import float_words, plain_words
from dashboards.charts.data import CorrelationSeries, Payload
from dashboards.charts.meter import empty_payload
from dashboards.charts.theme import blank_figure, corner_text, themed, tip


def correlation_payload(
    acf: CorrelationSeries, pacf: CorrelationSeries, *, interval_minutes: int, version: str = ""
) -> Payload:
    """Both series by lag in hours, with the bands a value must leave to be more than chance.

    Args:
        acf, pacf: lags 1 … m of one meter; the two may differ in length.
        interval_minutes: length of one lag.

    Returns:
        sources `acf`, `pacf` (`lag`, `value`), `acf_95`, `acf_99`, … (outline `x`, `y`); rows
        [lag, autocorrelation, partial, outside which band].
    """
    if not len(acf.values):
        return empty_payload("correlation", _("Too few readings for a correlation: it needs some days."), version)
    hours = interval_minutes / 60
    longest = float(max(len(acf.values), len(pacf.values))) * hours
    ends = {"start": 0.0, "end": longest + hours, "reset_start": 0.0, "reset_end": longest + hours}
    ticks = _ticks(longest)
    return {
        **empty_payload("correlation", "", version),
        "sources": {**_sources("acf", acf, hours), **_sources("pacf", pacf, hours)},
        "props": {"lag_range": ends, "acf_ticker": {"ticks": ticks}, "pacf_ticker": {"ticks": ticks}},
        "rows": _rows(acf, pacf, hours),
        "say": _sentence(acf, hours),
    }


def _sources(name: str, series: CorrelationSeries, hours: float) -> dict[str, dict[str, Any]]:
    lag = series.lags * hours
    around = np.concatenate([lag, lag[::-1]])

    def band(bound: Any) -> dict[str, list[float]]:
        return {"x": around.tolist(), "y": np.concatenate([bound, -bound[::-1]]).round(4).tolist()}

    return {
        name: {
            "lag": lag.tolist(),
            "value": series.values.round(4).tolist(),
            "words": _lags(series, hours),
            "value_words": [float_words(value, 3) for value in series.values],
        },
        f"{name}_95": band(series.bound_95),
        f"{name}_99": band(series.bound_99),
    }


def _lags(series: CorrelationSeries, hours: float) -> list[str]:
    return [_lag(float(lag) * hours) for lag in series.lags]


def _lag(hours: float) -> str:
    return f"{round(hours * 60)} min" if hours < 1 else f"{plain_words(round(hours, 2))} h"


def _ticks(longest: float) -> list[float]:
    step = next(step for step in (1, 3, 6, 12, 24, 48, 168, 10_000) if longest / step <= 8)
    return [float(tick) for tick in range(0, int(longest) + 1, step)]


def _rows(acf: CorrelationSeries, pacf: CorrelationSeries, hours: float) -> list[list[str]]:
    return [
        [
            _lag((row + 1) * hours),
            float_words(acf.values[row], 3),
            float_words(pacf.values[row], 3) if row < len(pacf.values) else "–",
            _verdict(acf, row),
            _verdict(pacf, row) if row < len(pacf.values) else "–",
        ]
        for row in range(len(acf.values))
    ]


def _verdict(series: CorrelationSeries, row: int) -> str:
    size = abs(series.values[row])
    if size > series.bound_99[row]:
        return _("outside 99 %")
    return _("outside 95 %") if size > series.bound_95[row] else _("may be chance")


def _sentence(acf: CorrelationSeries, hours: float) -> str:
    per_day = round(24 / hours)
    if len(acf.values) < per_day:
        words = {"lag": _lag(hours), "value": float_words(acf.values[0], 2)}
        return _("Use now and %(lag)s later correlate with %(value)s.") % words
    value = float_words(acf.values[per_day - 1], 2)
    return _("Use at the same hour of the next day correlates with %(value)s.") % {"value": value}


def correlation_figure() -> Any:
    """Figures `acf` and `pacf` with a common lag axis in hours."""
    lags = Range1d(0, 1, name="lag_range")
    return column(
        _panel("acf", _("Autocorrelation"), lags), _panel("pacf", _("Partial autocorrelation"), lags),
        sizing_mode="stretch_width", name="correlation_chart",
    )  # fmt: skip


def _panel(name: str, title: str, lags: Any) -> Any:
    fig = blank_figure(name=f"{name}_plot", height=190, x_range=lags, y_range=Range1d(-1, 1))
    corner_text(fig, name=f"{name}_title", text=title)
    fig.xaxis.ticker = []
    fig.xaxis.ticker.name = f"{name}_ticker"
    fig.xaxis.axis_label = _("hours later")
    fig.yaxis.ticker = [-1, -0.5, 0, 0.5, 1]
    for level in ("99", "95"):
        _band(fig, f"{name}_{level}")
    source = ColumnDataSource(data={"lag": [], "value": [], "words": [], "value_words": []}, name=name)
    stems = fig.segment("lag", 0, "lag", "value", source=source, line_width=1.5)
    dots = fig.scatter("lag", "value", source=source, size=5)
    themed(stems.glyph, line_color="--chart-reading")
    themed(dots.glyph, fill_color="--chart-reading", line_color="--chart-reading")
    zero = themed(Span(location=0, dimension="width", line_width=1), line_color="--chart-axis")
    fig.add_layout(zero)
    fig.add_tools(
        HoverTool(
            renderers=[dots],
            tooltips=tip(_("%(lag)s later") % {"lag": "@words"}, {_("correlation"): "@value_words"}),
            mode="vline",
            visible=False,
        )
    )
    return fig


def _band(fig: Any, name: str) -> None:
    source = ColumnDataSource(data={"x": [], "y": []}, name=name)
    dash = "dashed" if name.endswith("95") else "dotted"
    area = fig.patch("x", "y", source=source, line_dash=dash, line_width=1)
    themed(area.glyph, fill_color="--chart-band", line_color="--chart-prediction")
