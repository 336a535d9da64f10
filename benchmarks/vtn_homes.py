"""The simulator's homes as VENs, all in one process, against the VTN: what both take."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db.models import Sum

from benchmarks.clock import server_seconds
from benchmarks.portal import ROOT, memory_of
from benchmarks.report import Goal, Of, Row
from benchmarks.vtn_systems import on_core, ours, places, seconds_of
from benchmarks.vtn_world import make_homes
from openadr.models import ReportRequest, Ven, VenSeen, VenState
from organizations.models import Distributor

# Between two powers of a home.
EVERY = 10
# How long each home may take to register, and how long all go on before they are measured.
PATIENCE, SETTLE = 0.3, 8
GOAL_MB = 1_000


def measure_homes(distributor: Distributor, url: str, folder: Path, homes: int, seconds: int) -> Iterator[Row]:
    """Homes that poll, and tell their power and state, once all have registered."""
    make_homes(distributor, homes)
    with ours(url, folder) as vtn, _street(vtn.ports[0], homes, folder / "homes.log") as street:
        began = time.monotonic()
        _await(street, homes)
        registered = time.monotonic() - began
        time.sleep(SETTLE)
        pids = [vtn.pids[0], street.pid]
        before, heard = [*map(seconds_of, pids), server_seconds() or 0.0], _heard()
        time.sleep(seconds)
        after, told = [*map(seconds_of, pids), server_seconds() or 0.0], _heard()
        assert street.poll() is None, "the simulator ended"
        memory = [memory_of(pid).rss for pid in pids]
    shares = [100 * (late - early) / seconds for early, late in zip(before, after, strict=True)]
    what = f"{homes:,} simulated homes in one process"
    yield Row(f"{what}, memory, RSS", "MB", [memory[1]], goals=[Goal("≤", GOAL_MB, Of.OURS)])
    yield Row("  of a core", "%", [shares[1]])
    yield Row("  registered and asked for reports after", "s", [registered])
    yield Row("  messages to the VTN", "/s", [(told - heard) / seconds])
    yield Row("  VTN, of a core", "%", [shares[0]])
    yield Row("  database server, of a core", "%", [shares[2]])
    yield Row("  memory of the VTN, RSS", "MB", [memory[0]])


@contextmanager
def _street(port: int, homes: int, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    words = ["--url", f"http://127.0.0.1:{port}", "--count", str(homes), "--every", str(EVERY)]
    with log.open("wb") as output, on_core(places().load):
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "homes", "live", *words],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env={**os.environ},
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _await(street: "subprocess.Popen[bytes]", homes: int) -> None:
    """Waits until every home has registered and is asked for reports."""
    names = {"name__startswith": "D-", "state": VenState.REGISTERED}
    deadline = time.monotonic() + 30 + PATIENCE * homes
    while True:
        ready = Ven.objects.filter(**names).count()
        asked = ReportRequest.objects.order_by().values("report__ven").distinct().count()
        if min(ready, asked) >= homes:
            return
        assert street.poll() is None, "the simulator did not start"
        assert time.monotonic() < deadline, f"{ready} of {homes} homes registered, {asked} asked for reports"
        time.sleep(0.5)


def _heard() -> int:
    """Messages that the VTN has noted; it writes them down every few seconds."""
    return int(VenSeen.objects.filter(ven__name__startswith="D-").aggregate(sum=Sum("messages"))["sum"] or 0)
