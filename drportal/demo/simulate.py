"""The simulator, as a process of its own."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings

from drportal.demo.processes import DemoError


def simulate(*words: str | int | Path) -> None:
    """Runs one of the simulator's commands to its end.

    Raises:
        DemoError: It failed.
    """
    outcome = subprocess.run(  # noqa: S603  # our own simulator
        [sys.executable, "-m", "simulator", *map(str, words)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        raise DemoError(f"The virtual town could not be made: {outcome.stderr.strip()}")
