"""Python environments, cached outside the tree by the hash of their lock files."""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.dev import processes
from deploy.dev.console import ROOT, ToolError, note, tail


@dataclass(frozen=True)
class Kind:
    """One environment: which locks it holds and how pip may fetch them."""

    name: str
    locks: tuple[str, ...]
    pip_options: tuple[str, ...]
    purpose: str


WHEELS_ONLY = ("--only-binary", ":all:")
EMBEDDED = Kind("embedded", ("requirements-embedded.txt",), WHEELS_ONLY, "the portal on SQLite")
LIGHT = Kind(
    "light",
    ("requirements-embedded.txt", "requirements-dev.txt"),
    WHEELS_ONLY,
    "tests without the MariaDB driver",
)
DEV = Kind(
    "dev",
    ("requirements.txt", "requirements-dev.txt"),
    (*WHEELS_ONLY, "--no-binary", "mysqlclient"),
    "development and tests",
)
KINDS = {kind.name: kind for kind in (EMBEDDED, LIGHT, DEV)}


def cache_root() -> Path:
    """Return the folder of all environments, made if absent: $DRPORTAL_CACHE, else the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or (Path.home() / ".cache")
    root = Path(os.environ.get("DRPORTAL_CACHE") or (Path(home) / "drportal")).absolute()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        words = f"Cannot write to {root} ({error.strerror}). Set DRPORTAL_CACHE to a folder of yours."
        raise ToolError(words) from error
    return root


def key(kind: Kind) -> str:
    """Return the hash that changes with any pin, with the Python and with the machine's kind."""
    parts = [(ROOT / lock).read_bytes() for lock in kind.locks]
    parts += [text.encode() for text in (sys.version, sys.base_prefix, platform.machine(), *kind.pip_options)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def path_of(kind: Kind) -> Path:
    """Return where the environment is, or will be."""
    return cache_root() / f"env-{kind.name}-{key(kind)}"


def python_of(environment: Path) -> Path:
    """Return the environment's Python."""
    return environment / "bin" / "python"


def is_ready(kind: Kind) -> bool:
    """Tell whether the environment is complete: its name is a link set only after the last step."""
    return python_of(path_of(kind)).exists()


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Let one process build at a time; the kernel frees the lock when its holder is killed."""
    with open(f"{target}.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("Another make is setting up the same Python environment; waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure(kind: Kind) -> Path:
    """Return a complete environment of this kind, built first if there is none.

    Raises:
        ToolError: pip failed; the end of its log is in the text.
    """
    target = path_of(kind)
    if is_ready(kind):
        return target
    with _locked(target):
        if not is_ready(kind):
            _build(kind, target)
    return target


def _build(kind: Kind, target: Path) -> None:
    for leftover in target.parent.glob(f"{target.name}.build-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    note(
        f"Installing {len(_pins(kind))} Python packages for {kind.purpose}; this takes a minute or two, and only once …"
    )
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"{target.name}.build-", dir=target.parent))
    log = Path(f"{target}.log")
    try:
        _fill(kind, folder, log)
        link = folder.with_name(folder.name + ".link")
        link.symlink_to(folder.name)
        link.replace(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    note(f"Installed in {time.monotonic() - began:.0f} s.")


def _pins(kind: Kind) -> set[str]:
    lines = (line for lock in kind.locks for line in (ROOT / lock).read_text().splitlines())
    return {line.partition("==")[0] for line in lines if "==" in line and line[0].isalnum()}


def _fill(kind: Kind, folder: Path, log: Path) -> None:
    """Make the virtual environment in `folder` and install the locks, every file checked by hash."""
    if importlib.util.find_spec("ensurepip") is None:
        raise ToolError("This Python has no venv module. Debian: apt-get install python3-venv")
    python = python_of(folder)
    install = [str(python), "-m", "pip", "install", "--require-hashes", "--no-input"]
    install += ["--disable-pip-version-check", "--progress-bar", "off", *kind.pip_options]
    for lock in kind.locks:
        install += ["-r", str(ROOT / lock)]
    with log.open("wb") as handle:
        for command in ([sys.executable, "-m", "venv", str(folder)], install):
            with processes.running(command, log=handle, env=_clean_env()) as process:
                if process.wait():
                    words = f"Installing the Python packages failed:\n{tail(log)}\nThe whole log: {log}"
                    raise ToolError(words)


def _clean_env() -> dict[str, str]:
    """Return our environment without what would redirect an installation."""
    unwanted = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    unwanted |= {"PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIREMENT"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def can_build_driver() -> bool:
    """Tell whether mysqlclient can be compiled here, or already is in a complete environment."""
    if is_ready(DEV):
        return True
    if not shutil.which("gcc") or not shutil.which("pkg-config") or not has_python_headers():
        return False
    tries = (["pkg-config", "--exists", name] for name in ("libmariadb", "mariadb", "mysqlclient"))
    return any(subprocess.run(command, check=False).returncode == 0 for command in tries)


def has_python_headers() -> bool:
    """Tell whether C code can be compiled against the Python we run on."""
    return Path(sysconfig.get_path("include"), "Python.h").exists()


def ensure_for_tests() -> tuple[Path, bool]:
    """Return an environment for tests and whether it holds the MariaDB driver."""
    if can_build_driver():
        try:
            return ensure(DEV), True
        except ToolError as error:
            note(f"{error}\nGoing on without the MariaDB driver.")
    return ensure(LIGHT), False
