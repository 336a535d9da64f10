"""A Redis of one's own for a test: it can be stopped and started again."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis

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


def _patient():
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    return Retry(ConstantBackoff(0.02), 500)
