"""`make services` and `make stop`: private MariaDB and Redis that stay while one develops."""

import hashlib

from deploy.dev import debian, environment, servers
from deploy.dev.console import ROOT, ToolError, say

ROOM_FOR_SOCKET_NAME = 20


def pair() -> servers.Servers:
    """Return the development servers of this tree; a tree with a very long path keeps them in the cache."""
    folder = ROOT / "var" / "services"
    if len(str(folder)) > servers.SOCKET_LIMIT - ROOM_FOR_SOCKET_NAME:
        digest = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
        folder = environment.cache_root() / f"services-{digest}"
    return servers.Servers(folder, durable=True)


def start() -> int:
    """Start the servers unless they run, and print how to use them."""
    both = pair()
    running = both.alive()
    if not running:
        _require_programs()
        both.start()
    say("MariaDB and Redis are already running." if running else "MariaDB and Redis are running.")
    say("In the shell you work in:\n")
    for name, value in both.urls().items():
        say(f"export {name}='{value}'")
    say("\nThe application's user may not change tables. For migrations:\n")
    say(f"DATABASE_URL='{both.database_url('drportal_migrate')}' {_python()} manage.py migrate")
    say("\nThey end with: make stop")
    return 0


def _require_programs() -> None:
    if servers.missing_programs() and debian.may_install():
        debian.install(debian.missing_packages())
    if missing := servers.missing_programs():
        raise ToolError(f"Not installed: {', '.join(missing)}. Debian: apt-get install {servers.PACKAGES}")


def _python() -> str:
    path = environment.path_of(environment.DEV)
    return str(environment.python_of(path)) if environment.is_ready(environment.DEV) else "python"


def stop() -> int:
    """End the servers of this tree, and nothing else."""
    say("MariaDB and Redis have ended." if pair().stop() else "Nothing was running.")
    return 0
