"""Readings into the portal, against the same rows into an identical table by plain SQL."""

import gc
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path

import numpy as np
from django.core.management import call_command
from django.db import connection

from benchmarks import database, history, world
from benchmarks.clock import Took, interleaved, timed
from benchmarks.report import Goal, Of, Row, rates
from meters.models import Meter
from meters.services import Readings, ingest_readings
from organizations.models import Distributor
from tests.builder import make_distributor

METERS = {"small": 600, "full": 6_000}
# Day by day, as in production: (meters of quarter hours, days).
APPENDED = {"small": (60, 120), "full": (300, 180)}
LATE = {"small": 100, "full": 500}
WEEK = 7 * world.SLOTS_PER_DAY
START = datetime(2024, 1, 1, tzinfo=UTC)
TIMES = 3
FILE_GOAL = Goal("≥", 0.4)
SERVICE_GOAL = Goal("≥", 0.55)
GROWN_GOAL = Goal("≥", 0.85)
SIZE_GOAL = Goal("≤", 55, Of.OURS)
LATE_GOAL = Goal("≤", 5, Of.OURS)


def measure(scale: str) -> Iterator[Row]:
    """The rows of a near-empty table, of a table with a long history, and of one that grew day by day."""
    yield from _near_empty(scale)
    yield from _grown(scale)
    yield _size(scale)


def _near_empty(scale: str) -> Iterator[Row]:
    """A week of half hours of all meters at once: 201,600 rows, or 2,016,000. Each repetition adds new weeks."""
    distributor = make_distributor(timezone="UTC")
    meters = world.make_meters(distributor, METERS[scale])
    inserted, loaded = database.same_table("bench_inserted"), database.same_table("bench_loaded")
    with tempfile.TemporaryDirectory() as folder:
        work = Work(distributor, meters, Path(folder), inserted, loaded)
        refused = database.loading_refused(work.load_file(0), loaded)
        works = {"service": work.service, "predicted": work.predicted, "insert": work.insert, "file": work.file}
        took = interleaved(TIMES, works if refused else works | {"load": work.load})
    work.check()
    row = partial(rates, unit="rows/s", amount=len(meters) * WEEK)
    yield row(what="columns in memory, stored / multi-row INSERT", ours=took["service"], reference=took["insert"])
    other, reference = ("multi-row INSERT", "insert") if refused else ("LOAD DATA LOCAL INFILE", "load")
    for what, name, goal in (
        ("columns in memory, stored", "service", SERVICE_GOAL),
        ("the same where every interval is predicted", "predicted", SERVICE_GOAL),
        ("CSV file, stored", "file", FILE_GOAL),
    ):
        yield row(what=f"{what} / {other}", ours=took[name], reference=took[reference], goals=[goal])


def _grown(scale: str) -> Iterator[Row]:
    """The same days into a history of quarter hours and into an empty table, in turns; and single late readings."""
    with database.another(f"{database.NAME}_empty", keep=False):
        empty_name = connection.settings_dict["NAME"]
        distributor = make_distributor(timezone="UTC")
        meters = world.make_meters(distributor, history.METERS[scale], minutes=history.MINUTES)
        empty = history.History(distributor, meters)
        with history.opened(scale) as grown:
            name, first = connection.settings_dict["NAME"], grown.days
            took: dict[str, list[Took]] = {"empty": [], "grown": []}
            # The first day of each warms up.
            for number in range(TIMES + 1):
                for kind, where, which in (("empty", empty_name, empty), ("grown", name, grown)):
                    database.use(where)
                    took[kind].append(_stored(which, which.day(first + number)))
            database.use(name)
            late, bare = _late(grown, LATE[scale])
    size = history.METERS[scale] * history.DAYS[scale] * history.SLOTS
    yield rates(
        f"a day of quarter hours into {size:,} readings / into none",
        "rows/s",
        len(meters) * history.SLOTS,
        took["grown"][1:],
        took["empty"][1:],
        [GROWN_GOAL],
    )
    yield Row(
        f"one late reading into {size:,} / one row of bare SQL, p95",
        "ms",
        [1_000 * np.percentile(late, 95)],
        [1_000 * np.percentile(bare, 95)],
        [LATE_GOAL],
    )


def _late(grown: history.History, count: int) -> tuple[list[float], list[float]]:
    """Seconds of single missing readings, and of as many rows committed by themselves: what the disk alone takes.

    Rubbish is cleared once and not before each: that took longer than what is measured, and emptied the caches.
    """
    table = database.same_table("bench_single")
    late, bare = [], []
    gc.collect()
    for number, single in enumerate(grown.holes(count)):
        row = f"INSERT INTO {table} (meter_id, start, energy_wh, quality) VALUES ({number}, '2024-01-01', 1, 0)"
        began = time.perf_counter()
        ingest_readings(distributor=grown.distributor, readings=single, source="benchmark")
        stored = time.perf_counter()
        database.run_all([row])
        late.append(stored - began)
        bare.append(time.perf_counter() - stored)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {table}")
    return late, bare


def _stored(where: history.History, readings: Readings) -> Took:
    return timed(lambda: ingest_readings(distributor=where.distributor, readings=readings, source="benchmark"))


def _size(scale: str) -> Row:
    """Bytes per reading where each day came by itself, for all meters, as it does in production."""
    count, days = APPENDED[scale]
    with database.another(f"{database.NAME}_size", keep=False):
        distributor = make_distributor(timezone="UTC")
        meters = world.make_meters(distributor, count, minutes=history.MINUTES)
        appended = history.History(distributor, meters)
        for number in range(days):
            ingest_readings(distributor=distributor, readings=appended.day(number), source="benchmark")
        ours = database.bytes_per_row(database.READINGS)
    return Row(f"size after {days} days, day by day", "bytes/row", [ours], goals=[SIZE_GOAL])


class Work:
    """The works of one repetition; everything they need is made before the first is timed.

    Attributes:
        weeks: what they store; service, file and whoever else fills the portal's table take turns in them, so
            that every one is new: `taken(kind, number)` is the one for a repetition.
    """

    KINDS = ("service", "predicted", "file")

    def __init__(self, distributor: Distributor, meters: list[Meter], folder: Path, inserted: str, loaded: str) -> None:
        self.distributor, self.meters, self.folder = distributor, meters, folder
        self.inserted, self.loaded = inserted, loaded
        self.weeks = [self._week(number) for number in range(len(self.KINDS) * TIMES)]
        self.statements = [database.insert_statements(inserted, self.taken("service", at)) for at in range(TIMES)]
        for number in range(TIMES):
            database.write_for_load(self.load_file(number), self.taken("service", number))
            self.csv_file(number).write_text(self._csv(self.taken("file", number)))
            database.insert_predictions(self.taken("predicted", number))

    def taken(self, kind: str, number: int) -> Readings:
        """The readings that one of the kinds stores in a repetition."""
        return self.weeks[len(self.KINDS) * number + self.KINDS.index(kind)]

    def service(self, number: int) -> None:
        """ingest_readings, with all its checks, locks and revisions."""
        self._store("service", number)

    def predicted(self, number: int) -> None:
        """The same, beside predictions."""
        self._store("predicted", number)

    def _store(self, kind: str, number: int) -> None:
        readings = self.taken(kind, number)
        result = ingest_readings(distributor=self.distributor, readings=readings, source="benchmark")
        assert result.new == len(readings), result

    def insert(self, number: int) -> None:
        """The statements are made before; only the server's work is timed."""
        database.run_all(self.statements[number])

    def file(self, number: int) -> None:
        """The command import_readings on a CSV file of names, local times and kWh."""
        file = str(self.csv_file(number))
        call_command("import_readings", file, distributor=self.distributor.name, stdout=StringIO())

    def load(self, number: int) -> None:
        """A file of the table's own columns."""
        database.load(self.load_file(number), self.loaded)

    def check(self) -> None:
        """All ways stored everything."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*), SUM(energy_wh), COUNT(predicted_wh) FROM {database.READINGS}")
            assert cursor.fetchone() == (
                sum(map(len, self.weeks)),
                sum(int(week.energies_wh.sum()) for week in self.weeks),
                TIMES * len(self.weeks[0]),
            )

    def load_file(self, number: int) -> Path:
        """What LOAD DATA reads in this repetition."""
        return self.folder / f"{number}.tsv"

    def csv_file(self, number: int) -> Path:
        """What the portal reads in this repetition: meter numbers, UTC and kWh."""
        return self.folder / f"{number}.csv"

    def _week(self, number: int) -> Readings:
        energies = world.make_energies(len(self.meters), WEEK, seed=number)
        return world.make_readings(self.meters, START + number * timedelta(days=7), energies)

    def _csv(self, week: Readings) -> str:
        names = {meter.pk: meter.number for meter in self.meters}
        columns = (week.meter_ids.tolist(), database.time_texts(week.starts), week.energies_wh.tolist())
        lines = [f"{names[meter]},{start},{wh / 1000:.3f}" for meter, start, wh in zip(*columns, strict=True)]
        return "\n".join(["meter,start,kwh", *lines, ""])
