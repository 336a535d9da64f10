"""`make check`: everything that can be said about the code without running the tests."""

import base64
import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.dev import environment, lock, processes
from deploy.dev.console import ROOT, say

LARGEST_FILE = 1_000_000
LARGEST_CSV = 200_000
DATA_SUFFIXES = (".parquet", ".feather", ".duckdb", ".sqlite3", ".h5", ".pkl")
AT_ONCE = 2


@dataclass(frozen=True)
class Outcome:
    """One check's verdict with what it said."""

    name: str
    passed: bool
    said: str
    seconds: float


@dataclass(frozen=True)
class Check:
    """A name and a function that returns whether it is well and what there is to say."""

    name: str
    judge: Callable[[], tuple[bool, str]]

    def run(self) -> Outcome:
        began = time.monotonic()
        passed, said = self.judge()
        return Outcome(self.name, passed, said, time.monotonic() - began)


def check() -> int:
    """Run every check, show what the failing ones say, and list them at the end."""
    environment_path, has_driver = environment.ensure_for_tests()
    if not has_driver:
        say("Without the MariaDB driver (install gcc, pkg-config, libmariadb-dev, python3-dev).")
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            outcomes = list(pool.map(_run_and_tell, _checks(environment_path, Path(scratch))))
        except BaseException:
            processes.end_descendants()
            raise
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        say(f"\n== {outcome.name} ==\n{outcome.said.strip()}")
    if failed:
        say(f"\n{len(failed)} of {len(outcomes)} checks failed: {', '.join(each.name for each in failed)}")
    else:
        say(f"All {len(outcomes)} checks passed.")
    return 1 if failed else 0


def _run_and_tell(each: Check) -> Outcome:
    outcome = each.run()
    say(f"{'ok    ' if outcome.passed else 'FAILED'}  {outcome.name} ({outcome.seconds:.0f} s)")
    return outcome


def _checks(environment_path: Path, scratch: Path) -> list[Check]:
    """Return all checks, the longest first."""
    programs, python = environment_path / "bin", environment.python_of(environment_path)
    base = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | _production(scratch)
    manage = [str(python), "manage.py"]

    def command(name: str, *words: str | Path, **more: str) -> Check:
        return Check(name, lambda: _call([str(word) for word in words], base | more))

    return [
        command("types", python, "-m", "mypy", "."),
        command("ruff", programs / "ruff", "check", "--quiet", "--output-format", "concise", "."),
        command("format", programs / "ruff", "format", "--check", "."),
        command("layers", programs / "lint-imports"),
        command("migrations", *manage, "makemigrations", "--check", "--dry-run"),
        command("deployment", *manage, "check", "--deploy", "--fail-level", "WARNING"),
        *_template_checks(command, programs),
        command("dockerfile", programs / "hadolint", "Dockerfile"),
        command("compose", *_compose(programs), **_compose_secrets()),
        Check("locks", lambda: _verdict(lock.problems())),
        Check("files", lambda: _verdict(_unwanted_files())),
    ]


def _template_checks(command: Callable[..., Check], programs: Path) -> list[Check]:
    folders = template_folders()
    if not folders:
        return []
    return [
        command("templates", programs / "djlint", "--lint", "--quiet", *folders),
        command("template format", programs / "djlint", "--check", "--quiet", *folders),
    ]


def template_folders() -> list[str]:
    """Return the folders that hold page templates."""
    folders = [ROOT / "templates", *ROOT.glob("*/templates")]
    return sorted(str(each.relative_to(ROOT)) for each in folders if any(each.rglob("*.html")))


def tidy() -> int:
    """Put Python and templates into their form."""
    programs = environment.ensure_for_tests()[0] / "bin"
    commands = [["ruff", "check", "--fix", "--quiet", "."], ["ruff", "format", "--quiet", "."]]
    if folders := template_folders():
        commands.append(["djlint", "--reformat", "--quiet", *folders])
    for words in commands:
        subprocess.run([str(programs / words[0]), *words[1:]], check=False)
    return 0


def _production(scratch: Path) -> dict[str, str]:
    """Return the environment of an installation, with fresh secrets and nothing behind it."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "MFA_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "SITE_URL": "https://portal.example.org",
        "DATABASE_URL": f"sqlite:///{scratch / 'portal.sqlite3'}",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "",
        "VAR_DIR": str(scratch / "var"),
        "TRUSTED_PROXY_COUNT": "1",
        "DEBUG": "false",
        "DEMO": "false",
    }


def _compose(programs: Path) -> list[str | Path]:
    return [programs / "docker-compose", "-f", "compose.yaml", "config", "-q"]


def _compose_secrets() -> dict[str, str]:
    return {
        **{name: secrets.token_urlsafe(50) for name in ("SECRET_KEY", "DATABASE_ROOT_PASSWORD")},
        **{name: secrets.token_hex(16) for name in ("DATABASE_PASSWORD", "DATABASE_MIGRATE_PASSWORD")},
    }


def _call(command: list[str], env: dict[str, str]) -> tuple[bool, str]:
    if not shutil.which(command[0]):
        return False, f"{command[0]} is not installed."
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    result = subprocess.run(command, env=env, stdin=null, stdout=pipe, stderr=subprocess.STDOUT, text=True, check=False)
    return result.returncode == 0, result.stdout


def _verdict(problems: list[str]) -> tuple[bool, str]:
    return not problems, "\n".join(problems)


def _files() -> list[Path]:
    """Return what is, or would be, in the repository; outside of one there is nothing to judge."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    paths = [ROOT / name for name in result.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def _unwanted_files() -> list[str]:
    """Return a sentence for each file that is too large, or holds data of real people."""
    files = _files()
    found = [f"{_name(path)} is larger than 1 MB." for path in files if path.stat().st_size > LARGEST_FILE]
    found += [f"{_name(path)} is a data file." for path in files if path.suffix in DATA_SUFFIXES]
    tables = [path for path in files if ".csv" in path.suffixes]
    found += [f"{_name(path)} is a large table." for path in tables if path.stat().st_size > LARGEST_CSV]
    real = _real_data()
    for path in files:
        if path.stat().st_size in real and _digest(path) in real[path.stat().st_size]:
            found.append(f"{_name(path)} is a copy of real data.")
    return found


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _real_data() -> dict[int, set[str]]:
    """Return size → hashes of the validation data beside the project, where it is present."""
    folder = Path(os.environ.get("DRPORTAL_SHARED_DATA") or ROOT.parent / "shared" / "data")
    sizes: dict[int, set[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file() and 200 < path.stat().st_size <= LARGEST_FILE:
            sizes.setdefault(path.stat().st_size, set()).add(_digest(path))
    return sizes


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
