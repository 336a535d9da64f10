"""Readings by HTTP, against LOAD DATA of as many rows into the same table."""

import json
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from accounts.models import Scope
from benchmarks import database, history, world
from benchmarks.clock import Took, interleaved
from benchmarks.portal import Portal, served
from benchmarks.report import Goal, Row, rates
from meters.models import Meter
from meters.services import Readings
from organizations.models import Distributor
from tests.builder import make_admin, make_distributor, make_token

TIMES = 3
BODY_ROWS = 192_000
KINDS = {"text/csv": 0.40, "application/x-ndjson": 0.35, "application/json": 0.22}
NAMES = {"text/csv": "CSV", "application/x-ndjson": "NDJSON", "application/json": "JSON"}
GROWN_GOAL = Goal("≥", 0.85)
_EMPTY = f"{database.NAME}_http"


def measure(scale: str) -> Iterator[Row]:
    """All rows of one body in one request, with a token, over a socket, into gunicorn with one worker.

    Each repetition sends new rows, some 200,000 quarter hours: the next days of all meters, into a near-empty table
    and into the long history.
    """
    with database.another(_EMPTY, keep=False):
        distributor = make_distributor(timezone="UTC")
        meters = world.make_meters(distributor, history.METERS[scale], minutes=history.MINUTES)
        empty = yield from _rows(distributor, meters, _Days(meters, history.START), "near-empty")
    with history.opened(scale) as grown:
        days = _Days(grown.meters, history.START + timedelta(days=grown.days))
        full = yield from _rows(grown.distributor, grown.meters, days, "long history")
    for kind, name in NAMES.items():
        ours, before = ([count / took.wall for took in tooks] for count, tooks in (full[kind], empty[kind]))
        yield Row(f"{name} by HTTP, long history / near-empty", "rows/s", ours, before, [GROWN_GOAL])


@dataclass(frozen=True)
class _Days:
    """The readings of all meters from a day on, in parts of as many whole days as make a large body."""

    meters: list[Meter]
    since: datetime

    def __call__(self, number: int) -> Readings:
        """The part of this number."""
        days = max(1, BODY_ROWS // (len(self.meters) * history.SLOTS))
        energies = world.make_energies(len(self.meters), days * history.SLOTS, seed=number)
        start = self.since + number * timedelta(days=days)
        return world.make_readings(self.meters, start, energies, minutes=history.MINUTES)


def _rows(
    distributor: Distributor, meters: list[Meter], part: Callable[[int], Readings], where: str
) -> Generator[Row, None, dict[str, tuple[int, list[Took]]]]:
    token = make_token(make_admin(distributor), Scope.READINGS_WRITE)[1]
    names = {meter.pk: meter.number for meter in meters}
    with tempfile.TemporaryDirectory() as folder, served(WEB_WORKERS="1", WEB_TIMEOUT="600") as portal:
        work = _Work(portal, token, names, part, Path(folder))
        refused = database.loading_refused(work.load_file(0), database.READINGS)
        works = {kind: work.sender(kind) for kind in KINDS} | {"reference": work.insert if refused else work.load}
        # The portal's own time is spent in other processes, which these counters do not see.
        took = {
            name: [replace(each, server=None) for each in tooks] for name, tooks in interleaved(TIMES, works).items()
        }
    against = "multi-row INSERT" if refused else "LOAD DATA LOCAL INFILE"
    for kind, bound in KINDS.items():
        what = f"{NAMES[kind]} by HTTP, {where} / {against}"
        yield rates(what, "rows/s", work.count, took[kind], took["reference"], [Goal("≥", bound)])
    return {kind: (work.count, took[kind]) for kind in KINDS}


class _Work:
    """The works of one repetition; everything they need is made before the first is timed."""

    def __init__(
        self, portal: Portal, token: str, names: dict[int, str], part: Callable[[int], Readings], folder: Path
    ) -> None:
        self.portal, self.folder = portal, folder
        self.headers = {"Authorization": f"Bearer {token}"}
        kinds = [*KINDS, "reference"]
        writers = {"text/csv": csv_body, "application/x-ndjson": ndjson_body, "application/json": json_body}
        for number in range(TIMES):
            for at, kind in enumerate(kinds):
                readings = part(number * len(kinds) + at)
                self.count = len(readings)
                if kind == "reference":
                    database.write_for_load(self.load_file(number), readings)
                else:
                    self._body(kind, number).write_bytes(writers[kind](readings, names))

    def sender(self, kind: str) -> Callable[[int], None]:
        """The work that sends a body of this type."""

        def send(number: int) -> None:
            body = self._body(kind, number).read_bytes()
            headers = {**self.headers, "Content-Type": kind, "Idempotency-Key": f"{kind} {number} {id(self)}"}
            status, answer, _headers = self.portal.call("POST", "/api/v1/readings", body, headers)
            assert (status, json.loads(answer)["new"]) == (200, self.count), answer[:500]

        return send

    def load(self, number: int) -> None:
        """A file of the table's own columns."""
        database.load(self.load_file(number), database.READINGS)

    def insert(self, number: int) -> None:
        """The same rows by plain statements, where the server takes no file."""
        lines = [line.split("\t") for line in self.load_file(number).read_text().splitlines()]
        head = f"INSERT INTO {database.READINGS} (meter_id, start, energy_wh, quality) VALUES "
        values = [f"({meter},'{start}',{wh},{quality})" for meter, start, wh, quality in lines]
        database.run_all(
            [head + ",".join(values[at : at + database.ROWS]) for at in range(0, len(values), database.ROWS)]
        )

    def load_file(self, number: int) -> Path:
        """What LOAD DATA reads in this repetition."""
        return self.folder / f"{number}.tsv"

    def _body(self, kind: str, number: int) -> Path:
        return self.folder / f"{number}.{NAMES[kind]}"


def csv_body(readings: Readings, names: dict[int, str]) -> bytes:
    """meter,start,kwh with times in UTC."""
    lines = [f"{number},{start}Z,{wh / 1000:.3f}" for number, start, wh in _columns(readings, names)]
    return "\n".join(["meter,start,kwh", *lines, ""]).encode()


def ndjson_body(readings: Readings, names: dict[int, str]) -> bytes:
    """An object a line."""
    return "\n".join([*_objects(readings, names), ""]).encode()


def json_body(readings: Readings, names: dict[int, str]) -> bytes:
    """A list under `readings`."""
    return f'{{"readings": [{", ".join(_objects(readings, names))}]}}'.encode()


def _objects(readings: Readings, names: dict[int, str]) -> list[str]:
    return [
        f'{{"meter": "{number}", "start": "{start}Z", "kwh": {wh / 1000:.3f}}}'
        for number, start, wh in _columns(readings, names)
    ]


def _columns(readings: Readings, names: dict[int, str]) -> Iterator[tuple[str, str, int]]:
    starts = [text.replace(" ", "T") for text in database.time_texts(readings.starts)]
    numbers = [names[meter] for meter in readings.meter_ids.tolist()]
    return zip(numbers, starts, readings.energies_wh.tolist(), strict=True)
