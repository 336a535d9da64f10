"""Polls: the VTN with its state in the database against openleadr's own server with all of it in memory."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.clock import TICK
from benchmarks.portal import ROOT
from benchmarks.report import Goal, Of, Row
from benchmarks.world import make_meters
from events.models import Event
from events.tests.world import make_announced, make_program
from openadr.models import EventDelivery, Ven, VenState
from openadr.services.changes import announce_changes
from openadr.tests.running import running_vtn, shared_database
from organizations.models import Distributor
from tests.builder import make_distributor

VENS = {"small": 1_000, "full": 1_000}
MANY = {"small": 20_000, "full": 100_000}
PACED = {"small": 5_000, "full": 20_000}
PACED_SECONDS = {"small": 30, "full": 600}
SECONDS = 4
TIMES = 3
POLL_SECONDS = 10


def measure(scale: str) -> Iterator[Row]:
    """Few VENs first, then with events, then many; each system in a process, the load in another."""
    distributor = make_distributor(timezone="UTC")
    make_meters(distributor, 1)
    make_vens(distributor, 0, VENS[scale])
    with tempfile.TemporaryDirectory() as folder, shared_database(Path(folder)) as url:
        yield from _rows(scale, distributor, url, Path(folder))


def _rows(scale: str, distributor: Distributor, url: str, folder: Path) -> Iterator[Row]:
    vens = VENS[scale]
    with _ours(url, folder, 1) as one, _stock(vens, 0) as stock:
        few, reference = _alternate([one, stock], vens)
    yield _per_second("idle polls / stock openleadr", few, reference, [Goal("≥", 2.5)])
    with _ours(url, folder, 2) as two, _ours(url, folder, 1) as one:
        both, single = _alternate([two, one], vens)
    yield _per_second("two processes / one, per CPU second × 2", [2 * x for x in both], single, [Goal("≥", 1.7)])
    event = make_announced(make_program(distributor))
    make_pending(event, vens // 10)
    with _ours(url, folder, 1) as one, _stock(vens, vens // 10) as stock:
        ours, reference = _alternate([one, stock], vens)
    yield _per_second("10 % with an event pending / stock", ours, reference, [Goal("≥", 1.5)])
    EventDelivery.objects.all().delete()
    announce_changes(None)
    make_vens(distributor, vens, MANY[scale])
    with _ours(url, folder, 1) as one:
        many = [_rate(one, MANY[scale]) for _ in range(TIMES)]
    yield _per_second(f"idle polls, {MANY[scale]:,} VENs / {vens:,}", many, few, [Goal("≥", 0.9)])
    with _ours(url, folder, 1) as one:
        yield from _paced(one, PACED[scale], PACED_SECONDS[scale])


def _paced(system: "System", vens: int, seconds: int) -> Iterator[Row]:
    before = system.seconds()
    found = _load(system, vens, seconds, POLL_SECONDS)
    used = system.seconds() - before
    what = f"{vens:,} VENs, a poll in {POLL_SECONDS} s, {seconds} s"
    yield Row(f"{what}: p99", "ms", [found["p99"] * 1_000], goals=[Goal("≤", 250, Of.OURS)])
    yield Row("  errors", "", [found["errors"]], goals=[Goal("≤", 0, Of.OURS)])
    yield Row("  of one core", "%", [100 * used / seconds])


def _per_second(what: str, ours: Sequence[float], reference: Sequence[float], goals: Sequence[Goal]) -> Row:
    return Row(what, "/CPU s", ours, reference, goals)


class System:
    """One or more processes that answer polls."""

    def __init__(self, ports: list[int], pids: list[int]) -> None:
        self.ports, self._pids = ports, pids

    def seconds(self) -> float:
        """Seconds of the processor that its processes have used."""
        total = 0.0
        for pid in self._pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / TICK
        return total


@contextmanager
def _ours(url: str, folder: Path, count: int) -> Iterator[System]:
    if not count:
        yield System([], [])
        return
    own = {"VTN_CHECK_OUTGOING": "false", "LOG_LEVEL": "ERROR"}
    with running_vtn(url, folder, **own) as vtn, _ours(url, folder, count - 1) as rest:
        yield System([vtn.port, *rest.ports], [vtn.process.pid, *rest._pids])


@contextmanager
def _stock(vens: int, pending: int) -> Iterator[System]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stock_vtn", str(port), str(vens), str(pending)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ},
    )  # fmt: skip
    try:
        while "ready" not in process.stdout.readline():
            assert process.poll() is None, "openleadr's server did not start"
        yield System([port], [process.pid])
    finally:
        process.kill()
        process.wait()


def _alternate(systems: Sequence[System], vens: int) -> list[list[float]]:
    """The rates of each system; they take turns, every other time backwards."""
    for system in systems:
        _load(system, vens, 1)
    rates: list[list[float]] = [[] for _ in systems]
    for number in range(TIMES):
        for place in list(range(len(systems)))[:: -1 if number % 2 else 1]:
            rates[place].append(_rate(systems[place], vens))
    return rates


def _rate(system: System, vens: int) -> float:
    """Polls per second of the processor."""
    before = system.seconds()
    found = _load(system, vens, SECONDS)
    assert not found["errors"], found
    return found["polls"] / (system.seconds() - before)


def _load(system: System, vens: int, seconds: float, every: float = 0) -> dict[str, float]:
    words = ["--ports", ",".join(map(str, system.ports)), "--vens", str(vens), "--seconds", str(seconds)]
    command = [
        sys.executable,
        "-m",
        "benchmarks.polls",
        *words,
        "--every",
        str(every),
        "--links",
        "200" if every else "16",
    ]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def make_vens(distributor: Distributor, first: int, end: int) -> None:
    """Registered VENs "ven-0" and so on, for which nothing waits."""
    rows = [
        Ven(
            distributor=distributor, name=f"home-{number}", ven_id=f"ven-{number}", state=VenState.REGISTERED,
            registration_id=f"registration-{number}", knows_our_reports=True,
        )
        for number in range(first, end)
    ]  # fmt: skip
    Ven.objects.bulk_create(rows, batch_size=1_000)
    announce_changes(None)


def make_pending(event: Event, count: int) -> None:
    """An event that every tenth VEN never acknowledges."""
    vens = Ven.objects.order_by("pk").values_list("pk", flat=True)[::10][:count]
    own = {"event": event, "start": event.start, "end": event.end, "due_at": event.start}
    EventDelivery.objects.bulk_create([EventDelivery(ven_id=pk, **own) for pk in vens], batch_size=1_000)
    announce_changes(None)
