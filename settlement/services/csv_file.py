"""A run as a CSV file."""

import csv
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import TextIO

from django.db.models import QuerySet

from common.money import parse_fraction, round_half_up
from common.spreadsheet import safe_cell
from meters.models import Meter
from settlement.models import SettlementLine, SettlementRun

COLUMNS = (
    "meter",
    "baseline_kwh",
    "event_kwh",
    "performance_kwh",
    "nomination_kw",
    "performance_factor",
    "delivered_kwh",
    "credit",
    "demand_savings",
    "status",
)
PLACES = 6


def write_csv(*, run: SettlementRun, stream: TextIO, meters: QuerySet[Meter] | None = None) -> int:
    """How many rows were written, by meter number, of all meters or of these; what was not measured stays empty.

    Energies and factors have six decimals, rounded half up once, here; the exact fractions are in the line.
    """
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    lines = run.lines.select_related("meter").order_by("meter__number", "kind")
    if meters is not None:
        lines = lines.filter(meter__in=meters.order_by().values("pk"))
    rows = [_row(list(of_meter)) for _meter, of_meter in groupby(lines, key=lambda line: line.meter_id)]
    writer.writerows(rows)
    return len(rows)


def _row(lines: list[SettlementLine]) -> list[str]:
    """A meter's row: what its primary line measured, and all that it earned."""
    line = next((line for line in lines if line.performance_wh is not None), lines[0])
    credit = sum((each.credit for each in lines), Decimal(0))
    performance = None if line.performance_wh is None else parse_fraction(line.performance_wh)
    baseline = None if line.baseline_wh is None else parse_fraction(line.baseline_wh)
    actual = None if line.event_wh is None else Fraction(line.event_wh)
    return [
        safe_cell(line.meter.number),
        _kwh(baseline),
        _kwh(actual),
        _kwh(performance),
        "" if line.nomination_kw is None else f"{line.nomination_kw:f}",
        "" if line.performance_factor is None else _text(parse_fraction(line.performance_factor)),
        _kwh(None if performance is None else max(Fraction(0), performance)),
        f"{credit:.2f}",
        f"{line.demand_savings:.2f}",
        line.status,
    ]


def _kwh(energy_wh: Fraction | None) -> str:
    return "" if energy_wh is None else _text(energy_wh / 1000)


def _text(value: Fraction) -> str:
    return f"{round_half_up(value, PLACES):f}"
