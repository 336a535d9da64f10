"""Figures without data as JSON items: built once per process and language, because building costs 40 to 50 ms."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import orjson
from bokeh.embed import json_item

from common.speech import PATTERNS, language
from dashboards.charts.comparison import comparison_figure
from dashboards.charts.correlation import correlation_figure
from dashboards.charts.data import ChartError, Payload
from dashboards.charts.devices import device_figure
from dashboards.charts.heat import heat_figure
from dashboards.charts.load_figure import load_figure
from dashboards.charts.meter_figure import meter_figure
from dashboards.charts.pairs import fatigue_figure, season_figure, wholesale_figure
from dashboards.charts.participation import participation_figure
from dashboards.charts.places import map_figure
from dashboards.charts.rank import rank_figure
from dashboards.charts.sums import sums_figure

FIGURES: MappingProxyType[str, Callable[[], Any]] = MappingProxyType(
    {
        "meter": meter_figure,
        "participation": participation_figure,
        "correlation": correlation_figure,
        "map": map_figure,
        "rank": rank_figure,
        "heat": heat_figure,
        "sums": sums_figure,
        "comparison": comparison_figure,
        "load": load_figure,
        "wholesale": wholesale_figure,
        "season": season_figure,
        "fatigue": fatigue_figure,
        "device": device_figure,
    }
)


class UnknownFigureError(ChartError):
    """There is no figure of this kind; `FIGURES` lists those there are."""


def figure_json(kind: str) -> bytes:
    """The JSON item of a figure with its words in the reader's language, ready to send.

    Raises:
        UnknownFigureError: no such kind.
    """
    if kind not in FIGURES:
        raise UnknownFigureError(f"There is no figure “{kind}”. There are: {', '.join(FIGURES)}.")
    return _built(kind, language())


@lru_cache(maxsize=len(FIGURES) * len(PATTERNS))
def _built(kind: str, language: str) -> bytes:
    return orjson.dumps(json_item(FIGURES[kind]()))


def payload_json(payload: Payload) -> bytes:
    """A payload, ready to send."""
    return orjson.dumps(payload, option=orjson.OPT_SERIALIZE_NUMPY)


def etag(body: bytes) -> str:
    """A strong ETag of a body, with its quotes, as `If-None-Match` sends it back.

    >>> etag(b"") == etag(b"")
    True
    """
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'
