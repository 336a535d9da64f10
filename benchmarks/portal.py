"""The portal as it is deployed, in processes of its own: gunicorn on a port of this machine, over the same database."""

import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from common.errors import PortalError

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60
_ANSWER_SECONDS = 600


class NoPortal(PortalError):
    """gunicorn did not start."""


@dataclass(frozen=True)
class Memory:
    """Megabytes of one process: RSS, its share of what is shared (PSS), and what is its own alone (USS)."""

    rss: float
    pss: float
    uss: float


@dataclass(frozen=True)
class Portal:
    """One gunicorn with its workers."""

    process: "subprocess.Popen[bytes]"
    port: int

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Status, body and headers of an answer, over a connection of its own."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ANSWER_SECONDS)
        try:
            link.request(method, path, body, {"Host": "localhost", **(headers or {})})
            answer = link.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            link.close()

    def workers(self) -> list[int]:
        """The ids of the worker processes."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(word) for word in listed.split()]

    def memory(self) -> list[Memory]:
        """What each worker takes."""
        return [memory_of(pid) for pid in self.workers()]


def memory_of(pid: int) -> Memory:
    """What a process takes now."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith("kB")}
    return Memory(sizes["Rss"], sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"])


@contextmanager
def served(**settings: str) -> Iterator[Portal]:
    """The portal with deploy/gunicorn.conf.py, on the database that the connection looks into."""
    with tempfile.TemporaryDirectory(prefix="bench-portal-") as folder:
        port = _free_port()
        log = Path(folder, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "drportal.wsgi:application"],
                env=os.environ | _environment(folder, port) | settings,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        portal = Portal(process, port)
        try:
            _await(portal, log)
            yield portal
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_START_SECONDS)


def _environment(folder: str, port: int) -> dict[str, str]:
    url = urlsplit(os.environ["DATABASE_URL"])
    return {
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_urlsafe(50),
        "SITE_URL": f"http://localhost:{port}",
        "PORT": str(port),
        "VAR_DIR": folder,
        "WEB_ACCESS_LOG": "",
        "MALLOC_ARENA_MAX": "2",
        "DJANGO_SETTINGS_MODULE": "drportal.settings",
    }


def _await(portal: Portal, log: Path) -> None:
    """Waits for the first answer.

    Raises:
        NoPortal: The process ended, or nobody answered for a minute.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and portal.process.poll() is None:
        try:
            if portal.call("GET", "/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise NoPortal(f"gunicorn did not start: {log.read_text(errors='replace')[-2_000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
