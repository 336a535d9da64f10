"""`make lock`: resolve the .in files into hashed locks; the check that both still agree."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.dev import environment
from deploy.dev.console import ROOT, ToolError, say

DRIVER = "mysqlclient"
OPTIONS = (
    *("--python-version", "3.11", "--generate-hashes"),
    *("--no-header", "--no-annotate", "--no-emit-index-url"),
)
SUM_LINE = "# sha256 of the sources: "


@dataclass(frozen=True)
class Lock:
    """One lock and the files it comes from; `without` leaves packages out of the first source."""

    name: str
    sources: tuple[str, ...]
    without: str = ""
    constraint: str = ""


LOCKS = (
    Lock("requirements.txt", ("requirements.in",)),
    Lock("requirements-embedded.txt", ("requirements.in",), without=DRIVER, constraint="requirements.txt"),
    Lock("requirements-dev.txt", ("requirements-dev.in", "requirements.in"), constraint="requirements.txt"),
)


def _sum(lock: Lock) -> str:
    return hashlib.sha256(b"\0".join((ROOT / name).read_bytes() for name in lock.sources)).hexdigest()


def _header(lock: Lock) -> str:
    sources = " and ".join(lock.sources)
    return f"# Made by `make lock` from {sources}; not edited by hand.\n{SUM_LINE}{_sum(lock)}\n"


def _pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    pairs = [line.split()[0].partition("==") for line in lines if "==" in line and line[0].isalnum()]
    return {package: version for package, _, version in pairs}


def problems() -> list[str]:
    """Return one sentence for each disagreement of locks and sources; no network is used."""
    found = [
        f"{lock.name} is older than {' or '.join(lock.sources)}: run make lock."
        for lock in LOCKS
        if f"{SUM_LINE}{_sum(lock)}\n" not in (ROOT / lock.name).read_text()
    ]
    whole = _pins("requirements.txt")
    for lock in LOCKS[1:]:
        for package, version in _pins(lock.name).items():
            if whole.get(package, version) != version:
                found.append(f"{lock.name} has {package} {version}, requirements.txt has {whole[package]}.")
    for lock in LOCKS:
        if "index-url" in (text := (ROOT / lock.name).read_text()) or "find-links" in text:
            found.append(f"{lock.name} names a package index.")
    if DRIVER in _pins("requirements-embedded.txt"):
        found.append(f"requirements-embedded.txt holds {DRIVER}, which needs a compiler.")
    return found


def lock_all(upgrade: bool) -> int:
    """Write all locks, or none if one cannot be resolved; versions stay as they are unless `upgrade`."""
    environment_path = environment.ensure(environment.DEV)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for lock in LOCKS:
            say(f"Resolving {lock.name} …")
            shutil.copy(ROOT / lock.name, folder / lock.name)
            _compile(environment_path, folder, lock, upgrade)
        for lock in LOCKS:
            (ROOT / lock.name).write_text(_header(lock) + (folder / lock.name).read_text())
    return 0


def _compile(environment_path: Path, folder: Path, lock: Lock, upgrade: bool) -> None:
    """Resolve one lock in `folder`, where the locks it depends on already are."""
    lines = (ROOT / lock.sources[0]).read_text().splitlines(keepends=True)
    source = folder / "source.in"
    source.write_text("".join(line for line in lines if line.strip() != lock.without))
    command = [str(environment_path / "bin" / "uv"), "pip", "compile", "--quiet", *OPTIONS]
    command += ["--output-file", lock.name, source.name]
    command += ["--constraint", lock.constraint] if lock.constraint else []
    command += ["--upgrade"] if upgrade else []
    if subprocess.run(command, check=False, cwd=folder, env=_index_of_pip(environment_path)).returncode:
        raise ToolError(f"{lock.name} could not be resolved; nothing was changed.")


def _index_of_pip(environment_path: Path) -> dict[str, str]:
    """Return our environment with pip's main index and certificate named the way uv reads them.

    Extra indexes stay out: uv would take the hashes of a version from one index only.
    """
    command = [str(environment.python_of(environment_path)), "-m", "pip", "config", "list"]
    listing = subprocess.run(command, text=True, capture_output=True, check=False)
    pairs = [line.partition("=") for line in listing.stdout.splitlines()]
    configured = {name.rpartition(".")[2]: value.strip("'\"") for name, _, value in pairs}
    names = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}
    ours = {name: configured[theirs] for theirs, name in names.items() if theirs in configured}
    return ours | dict(os.environ)
