"""A meter's readings as rows of a file that people open in a spreadsheet."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import isnan

from common.spreadsheet import safe_cell
from dashboards.charts import MeterSlots
from dashboards.charts.data import Floats
from meters.models import Meter

HEADER = ("meter", "start", "local_start", "kwh", "expected_kwh", "lower_kwh", "upper_kwh", "quality")


def rows_of(slots: MeterSlots, meter: Meter) -> Iterator[tuple[str, ...]]:
    """One row per interval, oldest first: UTC start, local start with its offset, kWh; what is missing is empty."""
    number, zone = safe_cell(meter.number), meter.zone
    starts = slots.start_ms.tolist()
    columns = [slots.energy_wh, slots.predicted_wh, slots.lower_wh, slots.upper_wh]
    texts = [_texts(column) for column in columns]
    for row, ms in enumerate(starts):
        start = datetime.fromtimestamp(ms / 1000, UTC)
        local = start.astimezone(zone).isoformat()
        values = (column[row] for column in texts)
        yield (number, start.strftime("%Y-%m-%dT%H:%M:%SZ"), local, *values, slots.word(row))


def _texts(wh: Floats) -> list[str]:
    return ["" if isnan(value) else f"{value / 1000:.3f}" for value in wh.tolist()]
