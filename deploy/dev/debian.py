"""The Debian packages that `make test` needs, found by what they bring and installed as root."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.dev import environment, processes
from deploy.dev.console import ROOT, say, tail

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
POLICY = Path("/usr/sbin/policy-rc.d")
KEPT_POLICY = Path("/usr/sbin/policy-rc.d.kept-by-drportal")
OUR_POLICY = "#!/bin/sh\n# drportal: no service starts while packages are installed\nexit 101\n"


def browser() -> str | None:
    """Return the path of a Chromium, if there is one."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def missing_packages() -> list[str]:
    """Return the packages whose programs or files are not on this machine."""
    present = {
        "mariadb-server-core": shutil.which("mariadbd") and shutil.which("mariadb-install-db"),
        "mariadb-client-core": shutil.which("mariadb"),
        "redis-server": shutil.which("redis-server"),
        "gettext": shutil.which("xgettext"),
        "gcc": shutil.which("gcc"),
        "pkg-config": shutil.which("pkg-config"),
        "libmariadb-dev": shutil.which("mariadb_config") or shutil.which("mysql_config"),
        "python3-dev": environment.has_python_headers(),
        "python3-venv": _has_venv(),
        "chromium": browser(),
        "fonts-dejavu-core": Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf").exists(),
    }
    return [name for name, found in present.items() if not found]


def _has_venv() -> bool:
    command = [sys.executable, "-c", "import ensurepip"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def may_install() -> bool:
    """Tell whether we are root on a Debian."""
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def install(packages: list[str]) -> bool:
    """Install the packages, starting no service; return whether it worked."""
    log = ROOT / "var" / "apt.log"
    log.parent.mkdir(exist_ok=True)
    say(f"Installing {len(packages)} Debian packages, about a minute: {' '.join(packages)} …")
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    with log.open("wb") as handle, _no_service_starts():
        for step in (command, ["apt-get", "update", "-q"], command):
            # The first try fails where the package lists are absent or old.
            with processes.running(step, log=handle, env=env) as process:
                if process.wait() == 0 and step is command:
                    return True
    say(f"apt-get failed:\n{tail(log, 12)}\nThe whole log: {log}")
    return False


@contextlib.contextmanager
def _no_service_starts() -> Iterator[None]:
    """Forbid service starts during the block; a policy that stood there is put back."""
    _restore_policy()  # what a killed run left
    if POLICY.exists():
        POLICY.rename(KEPT_POLICY)
    POLICY.write_text(OUR_POLICY)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        _restore_policy()


def _restore_policy() -> None:
    if KEPT_POLICY.exists():
        KEPT_POLICY.replace(POLICY)
    elif POLICY.exists() and POLICY.read_text(errors="replace") == OUR_POLICY:
        POLICY.unlink()
