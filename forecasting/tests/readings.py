"""Readings for tests: meters that live by their local clock, the same at every run."""

from datetime import UTC, datetime, timedelta

import numpy as np

from meters.models import IntervalReading, Meter
from meters.services import Readings, ingest_readings

# Midnight in New York in the night of Sunday to Monday; clocks went forward on 14 March.
NOW = datetime(2021, 5, 24, 4, tzinfo=UTC)


def usage_wh(meter: Meter, starts: list[datetime], seed: int = 1) -> np.ndarray:
    """(n,) whole Wh with an evening peak by the meter's own clock and some noise."""
    rng = np.random.default_rng(seed)
    local = [start.astimezone(meter.zone) for start in starts]
    hour = np.array([moment.hour + moment.minute / 60 for moment in local])
    shape = 300 + 900 * np.exp(-((hour - 19) ** 2) / 6)
    return np.rint(shape * meter.interval_minutes / 60 * rng.uniform(0.9, 1.1, len(starts))).astype(int)


def starts_of(meter: Meter, first: datetime, end: datetime) -> list[datetime]:
    """The starts of the meter's intervals that lie in [first, end)."""
    slot = timedelta(minutes=meter.interval_minutes)
    midnight = first.astimezone(meter.zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    at = midnight + -((midnight - first) // slot) * slot
    return [at + i * slot for i in range((end - at) // slot)]


def store(meter: Meter, starts: list[datetime], energies: np.ndarray) -> None:
    """Ingests the readings; all of them must be good."""
    rows = [(meter.pk, start, int(wh)) for start, wh in zip(starts, energies, strict=True)]
    result = ingest_readings(distributor=meter.distributor, readings=Readings.of(rows), source="test")
    assert not result.refused


def feed(meter: Meter, days: float, end: datetime = NOW, seed: int = 1) -> list[datetime]:
    """The starts of the readings that the meter now has over the days before `end`."""
    starts = starts_of(meter, end - timedelta(days=days), end)
    store(meter, starts, usage_wh(meter, starts, seed))
    return starts


def reading(meter: Meter, start: datetime) -> IntervalReading:
    """The stored reading of an interval."""
    return IntervalReading.objects.get(meter=meter, start=start)
