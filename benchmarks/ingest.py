"""Readings into the portal, against the same rows into an identical table by plain SQL."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from benchmarks import database, world
from benchmarks.clock import interleaved
from benchmarks.report import Goal, Of, Row, rates
from meters.models import Meter
from meters.services import Readings, ingest_readings
from organizations.models import Distributor
from tests.builder import make_distributor

METERS = {"small": 600, "full": 6_000}
WEEK = 7 * world.SLOTS_PER_DAY
START = datetime(2024, 1, 1, tzinfo=UTC)
TIMES = 3
FILE_GOAL = Goal("≥", 0.4)
SIZE_GOAL = Goal("≤", 55, Of.OURS)


def measure(scale: str) -> Iterator[Row]:
    """A week of half hours of all meters at once: 201,600 rows, or 2,016,000. Each repetition adds new weeks."""
    distributor = make_distributor(timezone="UTC")
    meters = world.make_meters(distributor, METERS[scale])
    inserted, loaded = database.same_table("bench_inserted"), database.same_table("bench_loaded")
    with tempfile.TemporaryDirectory() as folder:
        work = _Work(distributor, meters, Path(folder), inserted, loaded)
        refused = database.loading_refused(work.load_file(0), loaded)
        works = {"service": work.service, "insert": work.insert, "file": work.file}
        took = interleaved(TIMES, works if refused else works | {"load": work.load})
    work.check()
    rows = len(meters) * WEEK
    row = partial(rates, unit="rows/s", amount=rows, ours=took["service"])
    yield row(what="columns in memory, stored / multi-row INSERT", reference=took["insert"])
    if not refused:
        yield row(what="columns in memory, stored / LOAD DATA LOCAL INFILE", reference=took["load"])
    other = ("multi-row INSERT", "insert") if refused else ("LOAD DATA LOCAL INFILE", "load")
    yield rates(f"CSV file, stored / {other[0]}", "rows/s", rows, took["file"], took[other[1]], goals=[FILE_GOAL])
    yield Row(
        "size of the table / of the one filled by INSERT",
        "bytes/row",
        [_bytes_per_row(database.READINGS)],
        [_bytes_per_row(inserted)],
        [SIZE_GOAL],
    )


class _Work:
    """The works of one repetition; everything they need is made before the first is timed."""

    def __init__(self, distributor: Distributor, meters: list[Meter], folder: Path, inserted: str, loaded: str) -> None:
        self.distributor, self.meters, self.folder = distributor, meters, folder
        self.inserted, self.loaded = inserted, loaded
        # Service and file fill the same table, so they take turns in its weeks.
        self.weeks = [self._week(number) for number in range(2 * TIMES)]
        self.statements = [database.insert_statements(inserted, week) for week in self.weeks[::2]]
        for number, week in enumerate(self.weeks[1::2]):
            database.write_for_load(self.load_file(number), week)
            self._csv_file(number).write_text(self._csv(week))

    def service(self, number: int) -> None:
        """ingest_readings, with all its checks, locks and revisions."""
        result = ingest_readings(distributor=self.distributor, readings=self.weeks[2 * number], source="benchmark")
        assert result.new == len(self.weeks[0]), result

    def insert(self, number: int) -> None:
        """The statements are made before; only the server's work is timed."""
        database.run_all(self.statements[number])

    def file(self, number: int) -> None:
        """The command import_readings on a CSV file of names, local times and kWh."""
        file = str(self._csv_file(number))
        call_command("import_readings", file, distributor=self.distributor.name, stdout=StringIO())

    def load(self, number: int) -> None:
        """A file of the table's own columns."""
        database.load(self.load_file(number), self.loaded)

    def check(self) -> None:
        """All ways stored everything."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*), SUM(energy_wh) FROM {database.READINGS}")
            assert cursor.fetchone() == (
                sum(map(len, self.weeks)),
                sum(int(week.energies_wh.sum()) for week in self.weeks),
            )

    def load_file(self, number: int) -> Path:
        """What LOAD DATA reads in this repetition."""
        return self.folder / f"{number}.tsv"

    def _csv_file(self, number: int) -> Path:
        return self.folder / f"{number}.csv"

    def _week(self, number: int) -> Readings:
        energies = world.make_energies(len(self.meters), WEEK, seed=number)
        return world.make_readings(self.meters, START + number * timedelta(days=7), energies)

    def _csv(self, week: Readings) -> str:
        names = {meter.pk: meter.number for meter in self.meters}
        columns = (week.meter_ids.tolist(), database.time_texts(week.starts), week.energies_wh.tolist())
        lines = [f"{names[meter]},{start},{wh / 1000:.3f}" for meter, start, wh in zip(*columns, strict=True)]
        return "\n".join(["meter,start,kwh", *lines, ""])


def _bytes_per_row(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE TABLE {table}")
        cursor.fetchall()
        cursor.execute(
            "SELECT data_length + index_length FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name = %s",
            [table],
        )
        (size,) = cursor.fetchone()
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        return size / cursor.fetchone()[0]
