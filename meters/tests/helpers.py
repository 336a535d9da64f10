"""What the tests of this room share."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from meters.models import BatchSource, BatchState, ImportBatch, IntervalReading, Meter
from meters.services import IngestResult, Readings, ingest_readings
from organizations.models import Distributor

NOON = datetime(2024, 7, 1, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


def slot(number: int) -> datetime:
    """The start of a half hour, counted from noon."""
    return NOON + number * HALF_HOUR


def ingest(meter: Meter, *values: tuple[Any, ...], source: str = "test") -> IngestResult:
    """Ingests (start, Wh) or (start, Wh, quality) of one meter."""
    rows = [(meter.pk, *value) for value in values]
    return ingest_readings(distributor=meter.distributor, readings=Readings.of(rows), source=source)


def stored(meter: Meter) -> list[tuple[Any, ...]]:
    """Everything that is stored of a meter: start, Wh, predicted, quality, saving."""
    rows = IntervalReading.objects.filter(meter=meter).order_by("start")
    return list(rows.values_list("start", "energy_wh", "predicted_wh", "quality", "saving_wh"))


def write(path: Path, text: str) -> Path:
    """A file with this text."""
    path.write_text(text, encoding="utf-8")
    return path


def make_batch(distributor: Distributor, file_name: str = "july.csv") -> ImportBatch:
    """An import that is being stored."""
    return ImportBatch.objects.create(
        distributor=distributor,
        source=BatchSource.COMMAND,
        file_name=file_name,
        sha256="0" * 64,
        state=BatchState.STORING,
    )
