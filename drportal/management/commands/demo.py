"""`manage.py demo`: the whole portal on one machine, with a demonstration distributor."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import PortalError
from drportal.demo import devices
from drportal.demo.people import LOGINS, password
from drportal.demo.processes import DemoError, Process, Supervisor, refuse_taken_port

HOST = "127.0.0.1"
# Where the VTN and the feeder's Modbus listen, above the portal's own port.
VTN_ABOVE, MODBUS_ABOVE = 1, 2
# What is suggested where one of them is taken, perhaps by another demonstration.
ELSEWHERE = 10
# Settings of the shell that are another portal's: all that begin so.
ASIDE = ("VTN_", "UPSTREAM_", "REDIS_", "CELERY_", "SECRET_KEY", "MFA_", "EMAIL_", "SMS_", "TRUSTED_PROXY", "DEBUG")


class Command(BaseCommand):
    help = "Starts the portal, its VTN and a virtual town with devices, and prints where to go; ctrl-C ends all."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"]
        folder = settings.BASE_DIR / "var/demo"
        environment = _environment(folder, port)
        try:
            for above in (0, VTN_ABOVE, MODBUS_ABOVE):
                refuse_taken_port(HOST, port + above, instead=port + ELSEWHERE)
            self.stdout.write("Preparing the demonstration (the first time takes a minute or two) …")
            _run(["demo_data"], environment | {"EMAIL_URL": "filemail:"})
            supervisor = Supervisor(environment, _processes(folder, port))
            supervisor.run(ready_url=f"http://{HOST}:{port}/readyz", when_ready=lambda: self._welcome(folder, port))
        except PortalError as refusal:
            raise CommandError(str(refusal)) from None
        except KeyboardInterrupt:
            pass
        self.stdout.write("\nEverything is stopped. `make demo` goes on from here.")

    def _welcome(self, folder: Path, port: int) -> None:
        secret = password(folder / "town")
        self.stdout.write(self.style.SUCCESS(f"\nThe portal is at http://{HOST}:{port}/"))
        self.stdout.write(f"Log in with the password {secret} as:")
        for login in LOGINS:
            code = "  and a code" if login.has_factor else ""
            self.stdout.write(f"  {login.role:22} {login.email}{code}")
        self.stdout.write("The page that asks for a code says which one is valid now; an app can use the key")
        self.stdout.write(f"{(folder / 'town' / 'factor').read_text()}. Passkeys need http://localhost:{port}/.")
        self.stdout.write(f"Mail is printed here and kept at http://{HOST}:{port}/ops/mail for the distributor admin.")
        self.stdout.write(f"Logs are in {folder / 'log'}. Ctrl-C ends everything.\n")
        self.stdout.flush()


def _environment(folder: Path, port: int) -> dict[str, str]:
    """The demonstration has its own database and settings, whatever the shell has."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ASIDE)}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "drportal.settings",
        "PYTHONUNBUFFERED": "1",
        "DEMO": "true",
        "VAR_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
        "SITE_URL": f"http://{HOST}:{port}",
        "VTN_URL": f"http://{HOST}:{port + VTN_ABOVE}",
        "ALLOWED_HOSTS": "localhost",
        "EMAIL_URL": "consolemail:",
        "EMAIL_FROM": "Larkfield Electric <portal@larkfield.example>",
    }


def _run(command: list[str], environment: dict[str, str]) -> None:
    outcome = subprocess.run(  # noqa: S603  # our own commands
        [sys.executable, "manage.py", *command], cwd=settings.BASE_DIR, env=environment, check=False
    )
    if outcome.returncode:
        raise DemoError(f"`manage.py {command[0]}` failed; what it said stands above.")


def _processes(folder: Path, port: int) -> list[Process]:
    log, town = folder / "log", folder / "town"
    log.mkdir(parents=True, exist_ok=True)
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--app", "drportal", "--quiet"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    web = ["--config", "deploy/gunicorn.conf.py", "--bind", f"{HOST}:{port}", "--workers", "1", "--threads", "8"]
    feed = ["--url", f"http://{HOST}:{port}", "--token-file", f"{town}/town.token", "--events", f"{town}/events.json"]
    since = ["--since", (town / "since").read_text()]
    vtn, modbus = port + VTN_ABOVE, port + MODBUS_ABOVE
    homes = ["--count", str(devices.HOMES), "--url", f"http://{HOST}:{vtn}", "--state", f"{town}/homes.state"]
    bridge = ["--config", f"{town}/bridge.json", "--url", f"http://{HOST}:{vtn}", "--modbus", f"{HOST}:{modbus}"]
    commands = {
        "web": [*python, "gunicorn", "drportal.wsgi:application", *web],
        "worker": [*celery, "worker", "--concurrency", "1", "--loglevel", "INFO", *quiet],
        "beat": [*celery, "beat", "--pidfile=", "--loglevel", "INFO"],
        "town": [*python, "simulator", "live", *feed, *since],
        "vtn": [sys.executable, "manage.py", "runvtn", "--plain", "--host", HOST, "--port", str(vtn)],
        "homes": [*python, "simulator", "homes", "live", *homes],
        "feeder": [*python, "simulator", "hil", "device", "--host", HOST, "--port", str(modbus)],
        "bridge": [*python, "simulator", "hil", "bridge", *bridge, "--shed-kw", devices.SHED_KW],
    }
    return [
        Process(name, command, log / f"{name}.log", shows_output=name == "worker") for name, command in commands.items()
    ]
