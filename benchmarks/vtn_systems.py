"""The processes that answer polls, ours and openleadr's, each on its core, and the load on another."""

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clock import TICK, server_seconds
from benchmarks.portal import ROOT, memory_of
from openadr.tests.running import running_vtn

# Connections to each process of a VTN.
LINKS = 16


@dataclass(frozen=True)
class Places:
    """Which core the VTNs work on, and which one the load; None where there is only one for both."""

    vtn: int | None
    load: int | None

    def words(self) -> str:
        """What is to be said of it."""
        if self.vtn is None:
            return "VTN and load generator share the only core: no figure of latency means much"
        return f"VTN processes on core {self.vtn}, load generator on core {self.load}, database server on any"


def places() -> Places:
    """The first two cores that this process may use."""
    cores = sorted(os.sched_getaffinity(0))
    return Places(cores[0], cores[1]) if len(cores) > 1 else Places(None, None)


def allow_connections() -> None:
    """Lets this process, and those it starts, have as many connections as it may."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Processes started meanwhile stay on this core, with all their threads."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class System:
    """One or more processes that answer polls."""

    def __init__(self, ports: list[int], pids: list[int]) -> None:
        self.ports, self.pids = ports, pids

    @property
    def seconds(self) -> float:
        """Seconds of the processor that its processes have used."""
        return sum(seconds_of(pid) for pid in self.pids)

    @property
    def rss(self) -> float:
        """Megabytes of memory of its processes."""
        return sum(memory_of(pid).rss for pid in self.pids)


def seconds_of(pid: int) -> float:
    """Seconds of the processor that a process has used, with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@contextmanager
def ours(
    url: str, folder: Path, count: int = 1, *, arguments: Sequence[str] = ("--plain",), **own: str
) -> Iterator[System]:
    """Processes of the VTN over one database."""
    settings = {"VTN_CHECK_OUTGOING": "false", "LOG_LEVEL": "ERROR", **own}
    with ExitStack() as stack:
        with on_core(places().vtn):
            found = [
                stack.enter_context(running_vtn(url, folder, arguments=arguments, **settings)) for _ in range(count)
            ]
        yield System([each.port for each in found], [each.process.pid for each in found])


@contextmanager
def stock(vens: int, pending: int = 0) -> Iterator[System]:
    """openleadr's own server with all in memory."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with on_core(places().vtn):
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
        process.stdout.close()


@dataclass(frozen=True)
class Round:
    """What one run of the load came to: seconds of the processor in the VTN and in the database server beside it."""

    found: dict[str, float]
    own: float
    server: float

    @property
    def rate(self) -> float:
        """Polls per second of the VTN's processor."""
        return self.found["answered"] / self.own


@dataclass(frozen=True)
class Polls:
    """A load on a system: VENs "ven-0" and so on, or the devices of a folder."""

    system: System
    vens: int = 1
    devices: Path | None = None
    has_tls: bool = False
    signs: bool = False

    def run(self, seconds: float, *, every: float = 0, links: int = LINKS) -> Round:
        """Sends for some seconds, as many as are answered or each VEN once in `every` seconds."""
        server, own = server_seconds() or 0.0, self.system.seconds
        words = [*self._words(), "--seconds", str(seconds), "--every", str(every)]
        count = str(links * len(self.system.ports))
        command = [sys.executable, "-m", "benchmarks.polls", *words, "--links", count]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
        own, server = self.system.seconds - own, (server_seconds() or 0.0) - server
        return Round(json.loads(done.stdout), own, server)

    def _words(self) -> list[str]:
        core = places().load
        words = ["--ports", ",".join(map(str, self.system.ports)), "--vens", str(self.vens)]
        words += ["--core", str(-1 if core is None else core)]
        words += ["--devices", str(self.devices)] if self.devices else []
        return words + ["--tls"] * self.has_tls + ["--sign"] * self.signs


def alternate(loads: Sequence[Polls], times: int, seconds: float) -> list[list[Round]]:
    """The rounds of each load; they take turns, every other time backwards, so that each pair meets the same noise."""
    for load in loads:
        load.run(seconds / 2)
    rounds: list[list[Round]] = [[] for _ in loads]
    for number in range(times):
        for place in list(range(len(loads)))[:: -1 if number % 2 else 1]:
            done = loads[place].run(seconds)
            assert done.found["errors"] + done.found["lost"] == 0, done.found
            rounds[place].append(done)
    return rounds
