"""Start processes that cannot outlive us by accident, and end those that are provably ours."""

import contextlib
import ctypes
import functools
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A stop signal arrived; `finally` blocks run, then the tool ends with 128 + signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def _prctl(option: int, value: int) -> None:
    """Call Linux's prctl; elsewhere do nothing, which only loses the cleaning after a kill -9."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _raise_interrupted(number: int, _frame: FrameType | None) -> None:
    for each in STOP_SIGNALS:  # a second ctrl-C must not break off the cleaning
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def guard() -> None:
    """Turn stop signals into `Interrupted`, end with make when it is killed, adopt orphans."""
    for number in STOP_SIGNALS:
        signal.signal(number, _raise_interrupted)
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _in_child(die_with_parent: int | None) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    if die_with_parent is not None:
        _prctl(PR_SET_PDEATHSIG, die_with_parent)


def start(
    command: Sequence[str | Path],
    *,
    log: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    die_with_parent: int | None = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a command in its own session: ctrl-C reaches only us, and we end it in order."""
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT if log else None,
        env=env,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=functools.partial(_in_child, die_with_parent),
    )


def end(process: subprocess.Popen[bytes], *, patience: float = 20, first: int = signal.SIGTERM) -> None:
    """Ask a child of ours to end, then kill what is left of its session."""
    if process.poll() is None:
        process.send_signal(first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the third (state) on; empty when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _descendants() -> list[int]:
    parents = {int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")}
    found = [os.getpid()]
    for parent in found:
        found += [pid for pid, stat in parents.items() if stat and int(stat[1]) == parent]
    return found[1:]


def end_descendants() -> list[int]:
    """Kill every process that descends from us (orphans came back to us) and return their ids."""
    seen = []
    for pid in _descendants():
        if _stat(pid)[:1] not in ([], ["Z"]):
            seen.append(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return seen


def mark(pid: int) -> str:
    """Return what tells this process from a later one with the same number: pid and start tick."""
    stat = _stat(pid)
    return f"{pid} {stat[19] if stat else '-'}"


def marked_alive(pid_file: Path) -> int | None:
    """Return the pid of the process that a pid file written from `mark` names, if it still runs."""
    try:
        text = pid_file.read_text().strip()
    except OSError:
        return None
    pid = text.partition(" ")[0]
    alive = pid.isdigit() and _stat(int(pid)) and _stat(int(pid))[0] != "Z"
    return int(pid) if alive and mark(int(pid)) == text else None


def end_marked(pid_file: Path, *, patience: float = 30) -> bool:
    """End the process a pid file names if it is provably that one; return whether there was one."""
    pid = marked_alive(pid_file)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while marked_alive(pid_file) and time.monotonic() < deadline:
            time.sleep(0.05)
        if marked_alive(pid_file):
            os.kill(pid, signal.SIGKILL)
    pid_file.unlink(missing_ok=True)
    return pid is not None


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], *, log: IO[bytes] | None = None, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for the time of the block; whatever happens, it is ended after it."""
    process = start(command, log=log, env=env)
    try:
        yield process
    finally:
        end(process, first=signal.SIGINT)
