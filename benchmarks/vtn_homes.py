"""The simulator's homes as VENs, all in one process, against the VTN: what both take."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db.models import Sum
from django.utils import timezone

from benchmarks.clock import server_seconds
from benchmarks.portal import ROOT, memory_of
from benchmarks.report import Goal, Of, Row
from benchmarks.vtn_systems import on_core, ours, places, seconds_of
from benchmarks.vtn_world import make_homes
from openadr.models import ReportRequest, Ven, VenMessage, VenSeen, VenState
from organizations.models import Distributor

# Between two powers of a home.
EVERY = 10
# How long each home may take to register, and how long all go on before they are measured.
PATIENCE, SETTLE = 0.3, 8
GOAL_MB = 1_000
# From here on the code of a message is a refusal's.
REFUSED = 400


def measure_homes(distributor: Distributor, url: str, folder: Path, homes: int, seconds: int) -> Iterator[Row]:
    """Homes that poll, and tell their power and state, once all have registered."""
    make_homes(distributor, homes)
    with ours(url, folder) as vtn, _street(vtn.ports[0], homes, folder / "homes.log") as street:
        began = time.monotonic()
        _await(street, homes)
        registered, since = time.monotonic() - began, timezone.now()
        time.sleep(SETTLE)
        pids = [vtn.pids[0], street.pid]
        before, heard = [*map(seconds_of, pids), server_seconds() or 0.0], _heard()
        time.sleep(seconds)
        after, told = [*map(seconds_of, pids), server_seconds() or 0.0], _heard()
        assert street.poll() is None, "the simulator ended"
        memory = [memory_of(pid).rss for pid in pids]
        all_well = [min(_ready()), _homes(at__gte=since), _troubles(folder / "homes.log")]
    shares = [100 * (late - early) / seconds for early, late in zip(before, after, strict=True)]
    every = Goal("≥", homes, Of.OURS)
    what = f"{homes:,} simulated homes in one process"
    yield Row(f"{what}, memory, RSS", "MB", [memory[1]], goals=[Goal("≤", GOAL_MB, Of.OURS)])
    yield Row("  of a core", "%", [shares[1]])
    yield Row("  registered and asked for reports at the end", "homes", [all_well[0]], goals=[every])
    yield Row("  heard of since then", "homes", [all_well[1]], goals=[every])
    yield Row("  messages refused, and troubles that homes told", "", [all_well[2]], goals=[Goal("≤", 0, Of.OURS)])
    yield Row("  registered and asked for reports after", "s", [registered])
    yield Row("  messages to the VTN", "/s", [(told - heard) / seconds])
    yield Row("  VTN, of a core", "%", [shares[0]])
    yield Row("  database server, of a core", "%", [shares[2]])
    yield Row("  memory of the VTN, RSS", "MB", [memory[0]])


@contextmanager
def _street(port: int, homes: int, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    words = ["--url", f"http://127.0.0.1:{port}", "--count", str(homes), "--every", str(EVERY), "--no-outages"]
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
    deadline = time.monotonic() + 30 + PATIENCE * homes
    while True:
        ready, asked = _ready()
        if min(ready, asked) >= homes:
            return
        assert street.poll() is None, "the simulator did not start"
        assert time.monotonic() < deadline, f"{ready} of {homes} homes registered, {asked} asked for reports"
        time.sleep(0.5)


def _ready() -> tuple[int, int]:
    """How many homes have registered, and how many are asked for reports."""
    asked = ReportRequest.objects.filter(report__ven__name__startswith="D-").order_by().values("report__ven")
    return Ven.objects.filter(name__startswith="D-", state=VenState.REGISTERED).count(), asked.distinct().count()


def _homes(**which: object) -> int:
    return VenSeen.objects.filter(ven__name__startswith="D-", **which).count()


def _troubles(log: Path) -> int:
    """Messages of homes that the VTN refused, and lines in which a home tells trouble: one a minute for all at most."""
    refused = VenMessage.objects.filter(ven__name__startswith="D-", code__gte=REFUSED).count()
    return refused + sum(line.startswith("D-") for line in log.read_text().splitlines())


def _heard() -> int:
    """Messages that the VTN has noted; it writes them down every few seconds."""
    return int(VenSeen.objects.filter(ven__name__startswith="D-").aggregate(sum=Sum("messages"))["sum"] or 0)
