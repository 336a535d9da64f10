"""Private MariaDB and Redis: own folder, own temporary files, unix sockets only, no network."""

import getpass
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy.dev import processes
from deploy.dev.console import ROOT, ToolError, tail

SOCKET_LIMIT = 100  # Linux refuses socket paths of 108 characters and more
SQL_FOLDER = ROOT / "deploy" / "mariadb"
TEST_GRANTS = r"""
GRANT ALL PRIVILEGES ON `test\_drportal%`.* TO 'drportal_migrate'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE, LOCK TABLES, CREATE TEMPORARY TABLES
  ON `test\_drportal%`.* TO 'drportal'@'%';
"""


def missing_programs() -> list[str]:
    """Return the server programs that are not installed."""
    needed = ("mariadbd", "mariadb-install-db", "mariadb", "redis-server")
    return [name for name in needed if not shutil.which(name)]


@dataclass(frozen=True)
class Servers:
    """One pair of servers in `folder`; `durable` False trades safety for speed, for tests only."""

    folder: Path
    durable: bool

    @property
    def database_socket(self) -> Path:
        return self.folder / "mariadb.sock"

    @property
    def redis_socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def pid_files(self) -> list[Path]:
        return [self.folder / "mariadb.pid", self.folder / "redis.pid"]

    def alive(self) -> bool:
        """Tell whether both servers run."""
        return all(processes.marked_alive(each) for each in self.pid_files)

    def database_url(self, user: str = "drportal", name: str = "drportal") -> str:
        """Return the DATABASE_URL of one of the two users."""
        return f"mysql://{user}:{self._password(user)}@/{name}?unix_socket={quote(str(self.database_socket))}"

    def urls(self, user: str = "drportal") -> dict[str, str]:
        """Return the environment variables that point the portal at these servers."""
        return {
            "DATABASE_URL": self.database_url(user),
            "REDIS_URL": f"unix://{quote(str(self.redis_socket))}",
            "CELERY_BROKER_URL": f"redis+socket://{quote(str(self.redis_socket))}",
        }

    def _password(self, user: str) -> str:
        """Return this user's password, drawn at random when first asked for."""
        file = self.folder / f"{user}.password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(16))
        return file.read_text()

    def start(self) -> None:
        """Start what does not run, and return when both answer and both users exist.

        Raises:
            ToolError: a program is missing, the path is too long or a server does not come up.
        """
        if missing := missing_programs():
            raise ToolError(f"Not installed: {', '.join(missing)}. Debian: apt-get install {PACKAGES}")
        if len(str(self.database_socket)) > SOCKET_LIMIT:
            raise ToolError(f"{self.folder} is too long a path for unix sockets.")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        self._start_redis()
        self._start_database()
        self._make_users()

    def stop(self) -> bool:
        """End both servers; return whether one of them was running."""
        ended = [processes.end_marked(each) for each in self.pid_files]
        return any(ended)

    def _launch(self, name: str, command: list[str], answers: Callable[[], bool]) -> None:
        pid_file, log = self.folder / f"{name}.pid", self.folder / f"{name}.log"
        if processes.marked_alive(pid_file):
            return
        with log.open("wb") as handle:
            # Servers of a test run die with it even when it is killed; services live on.
            process = processes.start(
                command, log=handle, cwd=self.folder, die_with_parent=None if self.durable else signal.SIGTERM
            )
        pid_file.write_text(processes.mark(process.pid))
        deadline = time.monotonic() + 60
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                processes.end(process)
                raise ToolError(f"{command[0]} did not start:\n{tail(log)}")
            time.sleep(0.03)

    def _start_redis(self) -> None:
        command = ["redis-server", "--port", "0", "--unixsocket", str(self.redis_socket)]
        command += ["--unixsocketperm", "700"]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--databases", "64"]
        self._launch("redis", command, self.redis_socket.is_socket)

    def _start_database(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            self._install_database(data)
        (self.folder / "tmp").mkdir(exist_ok=True)
        portal = (SQL_FOLDER / "portal.cnf").read_text().splitlines()
        options = ["--" + line.replace(" ", "") for line in portal if line[:1].isalpha()]
        options += [f"--datadir={data}", f"--tmpdir={self.folder / 'tmp'}"]
        options += [f"--socket={self.database_socket}"]
        options += ["--skip-networking", "--skip-log-bin", "--skip-name-resolve", "--skip-performance-schema"]
        options += ["--innodb-buffer-pool-size=256M", "--max-connections=100", f"--user={getpass.getuser()}"]
        if not self.durable:
            # The setting stays 1, as the portal demands; the file system is merely never told to flush.
            options += ["--innodb-flush-method=nosync", "--skip-innodb-doublewrite"]
        command = ["mariadbd", "--no-defaults", *options]
        self._launch("mariadb", command, lambda: self._sql("SELECT 1").returncode == 0)

    def _install_database(self, data: Path) -> None:
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        log = self.folder / "install.log"
        command = ["mariadb-install-db", "--no-defaults", f"--datadir={fresh}", f"--user={getpass.getuser()}"]
        command += ["--auth-root-authentication-method=socket", "--skip-test-db", "--skip-name-resolve"]
        with log.open("wb") as handle, processes.running(command, log=handle) as process:
            if process.wait():
                raise ToolError(f"mariadb-install-db failed:\n{tail(log)}")
        fresh.rename(data)

    def _sql(self, text: str) -> subprocess.CompletedProcess[str]:
        command = ["mariadb", "--no-defaults", f"--socket={self.database_socket}"]
        command += [f"--user={getpass.getuser()}"]
        return subprocess.run(command, input=text, text=True, capture_output=True, check=False, start_new_session=True)

    def _make_users(self) -> None:
        """Make the database, its two users and their rights; running it again changes nothing."""
        statements = ["CREATE DATABASE IF NOT EXISTS drportal;"]
        for user in ("drportal", "drportal_migrate"):
            statements.append(f"CREATE USER IF NOT EXISTS '{user}'@'%';")
            statements.append(f"ALTER USER '{user}'@'%' IDENTIFIED BY '{self._password(user)}';")
        statements += [(SQL_FOLDER / "grants.sql").read_text(), TEST_GRANTS]
        result = self._sql("\n".join(statements))
        if result.returncode:
            raise ToolError(f"The database users could not be made: {result.stderr.strip()}")


PACKAGES = "mariadb-server-core mariadb-client-core redis-server"
