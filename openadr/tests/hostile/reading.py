"""Reads every hostile message in a process of its own; prints what became of it as a line of JSON each."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from openadr.errors import MessageError
from openadr.tests.hostile.messages import hostile
from openadr.vtn20b.safe import read_message


def memory_mb() -> float:
    """What the process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def main() -> None:
    """All of them, again and again, so that what piles up is seen."""
    messages = list(hostile())
    before = memory_mb()
    for again in range(int(sys.argv[1])):
        for name, body in messages:
            began = time.perf_counter()
            try:
                read_message(body)
                status = 200
            except MessageError as problem:
                status = problem.status
            print(json.dumps([again, name, status, time.perf_counter() - began, memory_mb() - before]))  # noqa: T201


if __name__ == "__main__":
    main()
