"""`make test` and `make quick`: the suite on SQLite, on MariaDB with Redis, and in the browser."""

import contextlib
import os
import secrets
import shlex
import shutil
import signal
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.dev import debian, environment, processes, servers
from deploy.dev.console import ROOT, ToolError, say

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (a folder with a random name is made in it)
ROOM_NEEDED = 2 * 1024**3
NO_TEST_FOUND = 5
OUTSIDE = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True)
class Lane:
    """One way to run the suite: which tests, and whether on the servers."""

    name: str
    marks: str
    on_servers: bool = False
    in_browser: bool = False


LANES = (
    Lane("sqlite", "not browser and not mariadb"),
    Lane("mariadb", "not browser", on_servers=True),
    Lane("browser", "browser", on_servers=True, in_browser=True),
)
QUICK = Lane("quick", "not browser and not mariadb and not slow")


@dataclass(frozen=True)
class Result:
    """What one lane came to."""

    lane: str
    passed: bool
    words: str
    seconds: float


def run_all(lane_name: str, arguments: str = "") -> int:
    """Set up what is missing, run the lanes and return the exit code: 0 if all that ran passed."""
    chosen = [lane for lane in LANES if lane_name in (lane.name, "all")]
    if not chosen:
        names = ", ".join(lane.name for lane in LANES)
        raise ToolError(f"There is no lane {lane_name!r}. Choose: {names}, all.")
    if any(lane.on_servers for lane in chosen):
        _install_packages()
    return _run(chosen, arguments)


def quick(arguments: str = "") -> int:
    """Run the fast tests on SQLite with what is there; nothing is installed outside the cache."""
    return _run([QUICK], arguments)


def _install_packages() -> None:
    missing = debian.missing_packages()
    if missing and debian.may_install():
        debian.install(missing)


def _obstacle(lane: Lane, has_driver: bool) -> str | None:
    """Return why this lane cannot run here, as words with what to install; None if it can."""
    if not lane.on_servers:
        return None
    packages = debian.missing_packages()
    if not lane.in_browser:
        packages = [name for name in packages if name not in ("chromium", "fonts-dejavu-core")]
    blocked = servers.missing_programs() or not has_driver or (lane.in_browser and not debian.browser())
    if not blocked:
        return None
    if packages:
        return f"install (Debian): {' '.join(packages)}"
    return "the MariaDB driver could not be built, see above"


def _run(lanes: list[Lane], arguments: str) -> int:
    environment_path, has_driver = environment.ensure_for_tests()
    obstacles = {lane.name: words for lane in lanes if (words := _obstacle(lane, has_driver))}
    runnable = [lane for lane in lanes if lane.name not in obstacles]
    results: list[Result] = []
    with _scratch() as folder:
        if any(lane.on_servers for lane in runnable):
            pair = servers.Servers(folder / "servers", durable=False)
            with _started(pair):
                results = [_run_lane(lane, environment_path, folder, pair, arguments) for lane in runnable]
        else:
            results = [_run_lane(lane, environment_path, folder, None, arguments) for lane in runnable]
    _summarise(results, obstacles)
    return 0 if results and all(result.passed for result in results) else 1


@contextlib.contextmanager
def _started(pair: servers.Servers) -> Iterator[None]:
    try:
        pair.start()
        yield
    finally:
        pair.stop()


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """Give a private folder in memory if there is room, else under var/; it is gone afterwards."""
    homes = [SHARED_MEMORY, ROOT / "var"]
    for home in homes:
        _sweep(home)
    roomy = SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK)
    home = homes[0] if roomy and shutil.disk_usage(SHARED_MEMORY).free > ROOM_NEEDED else homes[1]
    home.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="drportal-test-", dir=home))
    (folder / "owner").write_text(processes.mark(os.getpid()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(home: Path) -> None:
    """Remove what a killed run of ours left; its servers ended with it."""
    for folder in home.glob("drportal-test-*"):
        owner = folder / "owner"
        ours = folder.stat().st_uid == os.geteuid()
        if ours and owner.exists() and not processes.marked_alive(owner):
            servers.Servers(folder / "servers", durable=False).stop()
            shutil.rmtree(folder, ignore_errors=True)


def _variables(lane: Lane, folder: Path, pair: servers.Servers | None) -> dict[str, str]:
    """Return the environment of one lane: nothing of the caller's databases, and fresh secrets."""
    variables = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    variables |= {"SECRET_KEY": secrets.token_urlsafe(50), "DRPORTAL_LANE": lane.name}
    variables["DATABASE_URL"] = f"sqlite:///{folder / 'test.sqlite3'}"
    variables["VAR_DIR"] = str(folder / "var")
    if chromium := debian.browser():
        variables["DRPORTAL_CHROMIUM"] = chromium
    if lane.on_servers and pair:
        variables |= pair.urls("drportal_migrate")
        variables["DRPORTAL_TEST_APP_DATABASE_URL"] = pair.database_url("drportal")
    return variables


def _run_lane(lane: Lane, environment_path: Path, folder: Path, pair: servers.Servers | None, arguments: str) -> Result:
    report = folder / f"{lane.name}.xml"
    command: list[str | Path] = [environment.python_of(environment_path), "-m", "pytest", "-q"]
    command += [
        "-m",
        lane.marks,
        "-n",
        "2",
        "--dist",
        "loadscope",
        f"--junitxml={report}",
        "-p",
        "no:cacheprovider",
    ]
    command += ["--color=yes"] if os.isatty(1) else []
    say(f"\n== {lane.name} ==")
    began = time.monotonic()
    process = processes.start([*command, *shlex.split(arguments)], env=_variables(lane, folder, pair))
    try:
        code = process.wait()
    finally:
        # pytest ends its workers and browsers on SIGINT; what remains of its session is killed.
        processes.end(process, first=signal.SIGINT)
    return Result(lane.name, code == 0, _words(report, code), time.monotonic() - began)


def _words(report: Path, code: int) -> str:
    """Return the counts of a report, or what went wrong before there were any."""
    if code == NO_TEST_FOUND:
        return "no test was found"
    try:
        suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 (written by our own run)
    except (OSError, ET.ParseError):
        return f"pytest ended with code {code} before it could report"
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for name in counts:
            counts[name] += int(suite.get(name, 0))
    bad, skipped = counts["failures"] + counts["errors"], counts["skipped"]
    return f"{counts['tests'] - bad - skipped} passed, {bad} failed, {skipped} skipped"


def _summarise(results: list[Result], obstacles: dict[str, str]) -> None:
    say("\n== summary ==")
    for result in results:
        verdict = "ok    " if result.passed else "FAILED"
        say(f"{verdict}  {result.lane:8} {result.words} in {result.seconds:.0f} s")
    for lane, words in obstacles.items():
        say(f"not run {lane:8} {words}")
