"""Wall time, and processor time of this process and of the database server."""

import gc
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.db import connection

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Took:
    """Seconds of one call: on the wall, of the processor here, and of the processor in the database server.

    `server` is None where the server is not a process of this machine that we may look at. It counts in
    hundredths, and includes what the server does on the side.
    """

    wall: float
    here: float
    server: float | None

    @property
    def processor(self) -> float | None:
        """Seconds of the processor in both, or None."""
        return None if self.server is None else self.here + self.server


def timed(work: Callable[[], object]) -> Took:
    """How long one call takes; the rubbish of earlier ones is cleared before."""
    gc.collect()
    server, here, wall = server_seconds(), time.process_time(), time.perf_counter()
    work()
    wall, here = time.perf_counter() - wall, time.process_time() - here
    after = server_seconds()
    return Took(wall, here, None if server is None or after is None else after - server)


def interleaved(times: int, works: Mapping[str, Callable[[int], object]]) -> dict[str, list[Took]]:
    """Each work `times` times, called with the number of the repetition.

    They take turns, and every other repetition goes backwards, so that a busy moment of the machine or a warm
    cache favors none of them.
    """
    took: dict[str, list[Took]] = {name: [] for name in works}
    for number in range(times):
        for name in list(works)[:: -1 if number % 2 else 1]:
            took[name].append(timed(lambda: works[name](number)))  # noqa: B023 - called at once
    return took


def server_seconds() -> float | None:
    """Seconds of the processor that the database server has used; None where that is unknown."""
    pid = _server_pid()
    if pid is None:
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICK


@cache
def _server_pid() -> int | None:
    """The database server's process, where its file can be read and is about a process of that name here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@datadir, @@pid_file")
        folder, file = cursor.fetchone()
    try:
        pid = int(Path(folder, file).read_text())
        return pid if Path(f"/proc/{pid}/comm").read_text().startswith(("mariadb", "mysqld")) else None
    except (OSError, ValueError):
        return None
