"""`make bench`: the benchmarks on private servers that keep their promises to the disk."""

import fcntl
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.dev import environment, processes, servers
from deploy.dev.console import ROOT, ToolError, say

SCALES = ("small", "full")
# Kept between runs: the twenty million readings in it take minutes to make. What a commit costs is the disk's that
# this folder is on, so another one can be named.
FOLDER = Path(os.environ.get("BENCH_DIR") or ROOT / "var" / "bench")


def run(only: str = "", scale: str = "small") -> int:
    """Run `python -m benchmarks` on durable servers of its own; `only` picks one benchmark."""
    if scale not in SCALES:
        raise ToolError(f"There is no scale {scale!r}. Choose: {', '.join(SCALES)}.")
    if not (ROOT / "benchmarks" / "__main__.py").exists():
        say("There are no benchmarks yet.")
        return 0
    python = environment.python_of(environment.ensure(environment.DEV))
    with _alone(FOLDER):
        return _measure(python, servers.Servers(FOLDER, durable=True), only, scale)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two runs at once would measure each other, and end each other's servers."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToolError("Another `make bench` is running.") from None
        yield


def _measure(python: Path, pair: servers.Servers, only: str, scale: str) -> int:
    try:
        pair.start()
        variables = os.environ | pair.urls("drportal_migrate") | {"SECRET_KEY": secrets.token_urlsafe(50)}
        command = [str(python), "-m", "benchmarks", "--scale", scale, *(["--only", only] if only else [])]
        process = processes.start(command, env=variables)
        try:
            return process.wait()
        finally:
            processes.end(process, first=signal.SIGINT)
    finally:
        pair.stop()
