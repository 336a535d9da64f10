"""Processes of the VTN for tests, over the database of the test."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection, connections

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Running:
    """One process of the VTN."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/OpenADR2/Simple/2.0b"

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Asks it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def shared_database(folder: Path) -> Iterator[str]:
    """The DATABASE_URL of the test's database for other processes; on SQLite a copy in a file, used here as well.

    The test must be transactional, as others see only what is committed.
    """
    if connection.vendor == "mysql":
        own = connection.settings_dict
        socket = own["OPTIONS"].get("unix_socket")
        where = f"?unix_socket={socket}" if socket else ""
        yield (
            f"mysql://{quote(own['USER'])}:{quote(own['PASSWORD'], safe='')}@{own['HOST']}"
            f"{':' + own['PORT'] if own['PORT'] else ''}/{own['NAME']}{where}"
        )
        return
    memory, file = connections["default"], folder / "vtn.sqlite3"
    memory.ensure_connection()
    with sqlite3.connect(file) as copy:
        memory.connection.backup(copy)
    copy.close()
    here = type(memory)({**memory.settings_dict, "NAME": str(file)}, "default")
    connections["default"] = here
    try:
        yield f"sqlite:///{file}"
    finally:
        here.close()
        connections["default"] = memory


@contextmanager
def running_vtn(url: str, folder: Path, *, arguments: Sequence[str] = ("--plain",), **own: str) -> Iterator[Running]:
    """A process of the VTN on a free port; killed at the end if it still runs."""
    environment = {
        **os.environ, "DATABASE_URL": url, "VAR_DIR": str(folder / "var"), "DEMO": "true", "VTN_CHECK_OUTGOING": "true",
        "SECRET_KEY": settings.SECRET_KEY, "LOG_LEVEL": "WARNING", "REDIS_URL": "", "VTN_RATE": "0", **own,
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "manage.py", "runvtn", "--port", "0", *arguments],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        assert line.startswith("OpenADR 2.0b at"), "the VTN did not start"
        yield Running(process, int(line.split(",")[0].rpartition(":")[2]))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
