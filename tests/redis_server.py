"""A Redis of one's own for a test: it can be stopped and started again."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import override_settings
from redis import Redis

from common import cache as portal_cache
from deploy.dev import processes


class RedisServer:
    """A server on a socket in a folder; without a disk, as one that forgets when it stops."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("needs redis-server")
        self.socket = folder / "redis.sock"
        self.command = [program, "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}"

    def start(self) -> None:
        """Returns when it answers."""
        with (self.socket.parent / "redis.log").open("ab") as log:
            self.process = processes.start(self.command, log=log, cwd=self.socket.parent)
        with Redis(unix_socket_path=str(self.socket)) as client:
            client.set_retry(_patient())
            client.ping()

    def stop(self) -> None:
        """Ends it; what it held is gone."""
        if self.process is not None:
            processes.end(self.process)
            self.process = None


@contextmanager
def portal_on_redis(folder: Path, *, timeout_seconds: float = 2) -> Iterator[RedisServer]:
    """The portal with a Redis of its own for cache and sessions, as settings.py sets them up."""
    server = RedisServer(folder)
    server.start()
    options = {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": timeout_seconds}
    given = {"BACKEND": "common.cache.PortalCache", "LOCATION": server.url, "OPTIONS": options}
    known = portal_cache._away_until.copy()
    portal_cache._away_until.clear()
    try:
        with override_settings(CACHES={"default": given}, SESSION_ENGINE="accounts.sessions.store"):
            yield server
    finally:
        server.stop()
        portal_cache._away_until.clear()
        portal_cache._away_until.update(known)


def _patient():
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    return Retry(ConstantBackoff(0.02), 500)
