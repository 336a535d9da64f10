"""`make bench`: the benchmarks on private servers that keep their promises to the disk."""

import os
import secrets
import shutil
import signal
import tempfile
from pathlib import Path

from deploy.dev import environment, processes, servers
from deploy.dev.console import ROOT, ToolError, say

SCALES = ("small", "full")


def run(only: str = "", scale: str = "small") -> int:
    """Run `python -m benchmarks` on durable servers of its own; `only` picks one benchmark."""
    if scale not in SCALES:
        raise ToolError(f"There is no scale {scale!r}. Choose: {', '.join(SCALES)}.")
    if not (ROOT / "benchmarks" / "__main__.py").exists():
        say("There are no benchmarks yet.")
        return 0
    python = environment.python_of(environment.ensure(environment.DEV))
    (ROOT / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "var"))
    pair = servers.Servers(folder, durable=True)
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
        shutil.rmtree(folder, ignore_errors=True)
