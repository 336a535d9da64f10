"""A long history of quarter hours in a database of its own: made once, kept, and grown by every run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import connection

from benchmarks import database, world
from meters.models import IntervalReading, Meter
from meters.services import Readings
from meters.services.cells import Numbers, Times, rows_of
from organizations.models import Distributor
from tests.builder import make_distributor

METERS = {"small": 500, "full": 2_000}
DAYS = {"small": 20, "full": 105}
MINUTES = 15
SLOTS = 24 * 60 // MINUTES
START = datetime(2024, 1, 1, tzinfo=UTC)
# Each run adds a few days. What has grown by more than this is made anew, so that figures stay comparable.
MOST_GROWTH = 1.2


@dataclass(frozen=True)
class History:
    """The meters whose readings are in the database, without a hole but one: the last quarter hour of each day."""

    distributor: Distributor
    meters: list[Meter]

    @property
    def days(self) -> int:
        """How many days are stored."""
        last = IntervalReading.objects.filter(meter=self.meters[0]).order_by("-start").values_list("start", flat=True)
        return (last[0] - START).days + 1

    def day(self, number: int, seed: int = 0) -> Readings:
        """All readings of one day."""
        energies = world.make_energies(len(self.meters), SLOTS, seed=seed + number)
        return world.make_readings(self.meters, START + timedelta(days=number), energies, minutes=MINUTES)

    def holes(self, count: int) -> Iterator[Readings]:
        """Single readings that are missing, at random."""
        random = np.random.default_rng()
        for _ in range(count):
            meter = self.meters[random.integers(len(self.meters))]
            start = START + timedelta(days=int(random.integers(DAYS["small"])), minutes=-MINUTES, hours=24)
            yield Readings.of([(meter.pk, start, int(random.integers(10, 10_000)))])


@contextmanager
def opened(scale: str) -> Iterator[History]:
    """The history, in a database that the connection uses meanwhile. The full one is kept for the next run."""
    rows = METERS[scale] * DAYS[scale] * SLOTS
    name = f"{database.NAME}_history_{rows}"
    kept = scale == "full"
    with database.another(name, keep=kept) as made:
        history = _make(scale) if made else _found()
        if history.days > DAYS[scale] * MOST_GROWTH:
            database.empty(name)
            history = _make(scale)
        yield history


def _found() -> History:
    distributor = Distributor.objects.get()
    meters = Meter.objects.filter(distributor=distributor).select_related("distributor").order_by("pk")
    return History(distributor, list(meters))


def _make(scale: str) -> History:
    """Fills the table in the order of its key, meter by meter: as quickly as can be."""
    distributor = make_distributor(timezone="UTC")
    meters = world.make_meters(distributor, METERS[scale], minutes=MINUTES)
    head = f"INSERT INTO {database.READINGS} (meter_id, start, energy_wh, quality) VALUES "
    present = np.arange(DAYS[scale] * SLOTS) % SLOTS != SLOTS - 1
    for first in range(0, len(meters), 100):
        some = meters[first : first + 100]
        energies = world.make_energies(len(some), DAYS[scale] * SLOTS, seed=first)
        readings = world.make_readings(some, START, energies, minutes=MINUTES).take(np.tile(present, len(some)))
        statements = (head + _values(readings, at) for at in range(0, len(readings), database.ROWS))
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    return History(distributor, meters)


def _values(readings: Readings, first: int) -> str:
    part = readings.take(slice(first, first + database.ROWS))
    return rows_of([Numbers(part.meter_ids), Times(part.starts), Numbers(part.energies_wh), Numbers(part.qualities)])
