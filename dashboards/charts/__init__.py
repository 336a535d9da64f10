"""Charts: Bokeh figures without data, and the data that fills them. No database, no request.

A page embeds `figure_json(kind)` once and then asks its data URL for a payload, as often as it likes.
"""

from dashboards.charts.correlation import correlation_payload
from dashboards.charts.data import (
    ChartDataError,
    ChartError,
    CorrelationSeries,
    EventSpan,
    MeterPoint,
    MeterSlots,
    Payload,
)
from dashboards.charts.heat import HeatCells, heat_columns, heat_csv_rows, heat_payload
from dashboards.charts.load import LoadSeries, load_columns, load_csv_rows, load_payload, load_table
from dashboards.charts.meter import empty_payload, meter_payload, meter_sentence, meter_table
from dashboards.charts.pairs import Pair, pair_rows, pairs_payload
from dashboards.charts.participation import participation_payload
from dashboards.charts.peaks import Peak, month_peaks, peak_csv_rows, peak_rows, peaks_of
from dashboards.charts.places import map_payload
from dashboards.charts.rank import rank_payload, rank_table, ranks
from dashboards.charts.skeletons import FIGURES, UnknownFigureError, etag, figure_json, payload_json

__all__ = [
    "FIGURES", "ChartDataError", "ChartError", "CorrelationSeries", "EventSpan", "HeatCells", "LoadSeries",
    "MeterPoint", "MeterSlots", "Pair", "Payload", "Peak", "UnknownFigureError", "correlation_payload",
    "empty_payload", "etag", "figure_json", "heat_columns", "heat_csv_rows", "heat_payload", "load_columns",
    "load_csv_rows", "load_payload", "load_table", "map_payload", "meter_payload", "meter_sentence",
    "meter_table", "month_peaks", "pair_rows", "pairs_payload", "participation_payload", "payload_json",
    "peak_csv_rows", "peak_rows", "peaks_of", "rank_payload", "rank_table", "ranks",
]  # fmt: skip
