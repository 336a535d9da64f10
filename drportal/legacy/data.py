"""Readings, predictions and deltas of the first system."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

import numpy as np
from django.db.models import Count, Sum

from common.errors import PortalError
from drportal.legacy.dump import Row
from drportal.legacy.report import MeterSums, Report
from meters.formats.values import Clock, energy_wh
from meters.models import ImportBatch, IntervalReading, Meter
from meters.services import Predictions, Readings, ingest_readings, put_predictions
from meters.services.columns import Integers, integers
from organizations.models import Distributor

CHUNK = 500_000
# When the first system issued its predictions is not known. They count as issued when their interval began: so
# they stand beside the readings, and no reward can be paid on them.
FORMER = 0


@dataclass
class _Columns:
    """Rows that can be used, as columns of one length; a missing prediction is not among the predicted."""

    rows: list[int] = field(default_factory=list)
    meters: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    energies: list[int] = field(default_factory=list)
    predicted: list[tuple[int, int, int]] = field(default_factory=list)

    def readings(self) -> Readings:
        """As ingest takes them."""
        names = (self.meters, self.starts, self.energies, self.rows)
        meter_ids, starts, energies, rows = (_integers(column) for column in names)
        return Readings(meter_ids=meter_ids, starts=starts, energies_wh=energies, rows=rows)

    def predictions(self) -> Predictions:
        """As `put_predictions` takes them; the first system knew no bounds. Of one interval the first row counts."""
        # The last one to come in stands, so they come in backwards.
        once = {(meter, start): wh for meter, start, wh in reversed(self.predicted)}
        meter_ids, starts, wh = (
            integers(list(column)) for column in zip(*((*key, wh) for key, wh in once.items()), strict=True)
        )
        return Predictions(meter_ids=meter_ids, starts=starts, wh=wh, lower_wh=wh, upper_wh=wh)


class Data:
    """Brings the rows of meter_data over, chunk by chunk, and keeps the sums of both sides."""

    def __init__(
        self, *, distributor: Distributor, meters: dict[str, Meter], zone: tzinfo | None, unit: str, report: Report
    ) -> None:
        self.distributor, self.meters, self.unit, self.report = distributor, meters, unit, report
        self.clocks = {old: Clock(zone or meter.zone) for old, meter in meters.items()}
        self.names = {meter.pk: old for old, meter in meters.items()}

    def store(self, rows: Iterable[Row], *, batch: ImportBatch) -> None:
        """Stores what can be used; a row that cannot is refused with its reason."""
        for columns in self._chunks(rows):
            if columns.predicted:
                put_predictions(forecast_number=FORMER, issued_at=None, predictions=columns.predictions())
            readings = columns.readings()
            result = ingest_readings(
                distributor=self.distributor, readings=readings, source="first system", batch=batch
            )
            count = self.report.count("meter_data")
            count.made += result.new + result.corrected
            count.known += result.unchanged + result.repeated
            places = dict(zip(columns.rows, range(len(columns.rows)), strict=True))
            for problem in result.problems:
                self._refuse_stored(columns, places[problem.row], problem.problem)
        self._compare()

    def _chunks(self, rows: Iterable[Row]) -> Iterator[_Columns]:
        columns, count = _Columns(), self.report.count("meter_data")
        for number, row in enumerate(rows, start=1):
            count.rows += 1
            self._take(number, row, columns)
            if len(columns.rows) + len(columns.predicted) >= CHUNK:
                yield columns
                columns = _Columns()
        yield columns

    def _take(self, number: int, row: Row, columns: _Columns) -> None:
        old = (row["meter_id"] or "").strip()
        meter = self.meters.get(old)
        if meter is None:
            self.report.refuse("meter_data", f"row {number}", "its meter did not come over")
            return
        sums = self.report.meters.setdefault(old, MeterSums())
        sums.rows += 1
        try:
            wh = self._wh(row["meter_value"])
            predicted, delta = self._wh(row["prediction_value"]), self._wh(row["delta_value"])
            start = self.clocks[old].start(row["start_time"] or "")
            _check_end(self.clocks[old], start, row["end_time"], meter)
        except (PortalError, ValueError, OverflowError) as problem:
            sums.refused += 1
            lost = _lenient(row, self.unit)
            sums.energy_wh, sums.refused_wh = sums.energy_wh + lost, sums.refused_wh + lost
            self.report.refuse("meter_data", f"row {number} ({old} {row['start_time']})", str(problem).rstrip("."))
            return
        sums.predicted_wh += predicted or 0
        sums.delta_wh += delta or 0
        if predicted is not None:
            columns.predicted.append((meter.pk, start, predicted))
        if wh is None:
            # A prediction of an interval that was never measured.
            sums.rows -= 1
            return
        sums.energy_wh += wh
        for column, value in ((columns.rows, number), (columns.meters, meter.pk), (columns.starts, start)):
            column.append(value)
        columns.energies.append(wh)

    def _wh(self, text: str | None) -> int | None:
        return None if text is None else energy_wh(text, self.unit)

    def _refuse_stored(self, columns: _Columns, at: int, problem: str) -> None:
        old = self.names[columns.meters[at]]
        sums = self.report.meters[old]
        sums.refused += 1
        sums.refused_wh += columns.energies[at]
        self.report.refuse("meter_data", f"row {columns.rows[at]} ({old})", problem)

    def _compare(self) -> None:
        """What the database says of the same meters now."""
        rows = IntervalReading.objects.filter(meter__in=[meter.pk for meter in self.meters.values()]).order_by()
        sums = rows.values("meter_id").annotate(
            count=Count("start"), wh=Sum("energy_wh"), predicted=Sum("predicted_wh"), saving=Sum("saving_wh")
        )
        for row in sums:
            mine = self.report.meters.get(self.names[row["meter_id"]])
            if mine is not None:
                mine.stored, mine.stored_wh = row["count"], int(row["wh"])
                mine.stored_predicted_wh, mine.stored_delta_wh = int(row["predicted"] or 0), int(row["saving"] or 0)


def _integers(column: Sequence[int]) -> Integers:
    return np.array(column, np.int64)


def _check_end(clock: Clock, start: int, text: str | None, meter: Meter) -> None:
    if text is not None and start + meter.interval_minutes * 60 not in clock.ends(text):
        raise ValueError(f"its interval does not have the {meter.interval_minutes} minutes of the meter's others")


def _lenient(row: Row, unit: str) -> int:
    """The energy of a refused row as far as it is a number."""
    try:
        return energy_wh(row["meter_value"] or "0", unit)
    except PortalError:
        return 0
