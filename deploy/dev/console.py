"""What the tools say to the person at the terminal."""

import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]


class ToolError(Exception):
    """Something the person can mend; the text is one or two plain sentences."""


def say(text: str = "") -> None:
    """Write one line at once, so that it stands before the output of what is started next."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Write one line of progress, apart from what a command answers."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def stop_with(text: str, code: int = 1) -> NoReturn:
    """End the tool with `text` on the error stream."""
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    raise SystemExit(code)


def tail(path: Path, lines: int = 25) -> str:
    """Return the last lines of a log, indented; an absent log is an empty text."""
    if not path.exists():
        return ""
    text = path.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join("  " + line for line in text)
