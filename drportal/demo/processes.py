"""Starts the portal's processes, watches over them, and ends every one of them."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from common.errors import PortalError

SECONDS_TO_END = 10.0
PR_SET_PDEATHSIG = 1


class DemoError(PortalError):
    """The demonstration cannot start, or had to stop."""


@dataclass
class Process:
    """One process of the portal: its name, its command, and where its log goes."""

    name: str
    command: Sequence[str]
    log: Path
    shows_output: bool = False
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    starts: int = 0

    def start(self, environment: Mapping[str, str]) -> None:
        """Runs the command in a process group of its own, so that ctrl-C reaches only the supervisor."""
        self.starts += 1
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(  # noqa: S603  # our own commands
                self.command,
                env=dict(environment),
                stdout=None if self.shows_output else log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # one call into libc
            )

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self.child is not None and self.child.poll() is None

    def ask_to_end(self) -> None:
        """Asks the process, which ends what it started in its own order."""
        if self.child is not None and self.is_running:
            self.child.terminate()

    def insist(self) -> None:
        """Ends what is left of the process and of all that it started."""
        if self.child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def _end_with_parent() -> None:
    """On Linux the kernel ends the process when the supervisor dies, even by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Keeps processes running until it is told to stop; then none is left.

    Args:
        environment: What every process gets.
        processes: In the order in which they start; they end in the opposite one.
    """

    def __init__(self, environment: Mapping[str, str], processes: Sequence[Process]) -> None:
        self.environment, self.processes = environment, list(processes)
        self.is_stopping = False

    def run(self, *, ready_url: str, when_ready: Callable[[], None]) -> None:
        """Starts everything, calls `when_ready` once the portal answers, and returns when told to stop.

        Raises:
            DemoError: The portal does not answer, or a process keeps dying.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            for process in self.processes:
                process.start(self.environment)
            if self._wait_until_ready(ready_url):
                when_ready()
            while not self.is_stopping:
                self._keep_running()
                time.sleep(0.2)
        finally:
            self.end()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True

    def _wait_until_ready(self, url: str, seconds: float = 60) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.is_stopping:
            self._keep_running()
            if answers(url):
                return True
            time.sleep(0.2)
        if self.is_stopping:
            return False
        raise DemoError(f"The portal does not answer at {url}; see {self.processes[0].log}.")

    def _keep_running(self) -> None:
        for process in self.processes:
            if process.is_running or self.is_stopping:
                continue
            if process.starts >= 5:
                raise DemoError(f"The {process.name} ended five times; see {process.log}.")
            process.start(self.environment)

    def end(self) -> None:
        """Ends every process and what it started: first asks, then, after a while, insists."""
        for process in reversed(self.processes):
            process.ask_to_end()
        deadline = time.monotonic() + SECONDS_TO_END
        while any(process.is_running for process in self.processes) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in self.processes:
            process.insist()


def answers(url: str) -> bool:
    """Whether a GET gives 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  # our own loopback address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def refuse_taken_port(host: str, port: int, *, instead: int) -> None:
    """Raises DemoError where something listens on the port already; it says to begin at the port `instead`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise DemoError(f"Port {port} is in use. Choose another: make demo PORT={instead}") from None
