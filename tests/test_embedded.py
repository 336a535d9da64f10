"""The embedded mode: several processes write to one SQLite file at once, and none is refused."""

import os
import subprocess
import sys

import pytest

from drportal import env

SECONDS = 8
# Each writer does one kind of the portal's work until its time is over, and prints how often it came through.
WRITER = """
import sys, time
import django; django.setup()
from datetime import UTC, datetime, timedelta
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import User
from delivery.services import drain, enqueue
from meters.models import IntervalReading, Meter
from meters.services import Readings, ingest_readings
from organizations.models import Distributor

def sessions(n):
    session = SessionStore(); session["n"] = n; session.create()

def outbox(n):
    enqueue(kind="nobody", recipient="a@example.com", payload={"n": n}); drain(limit=3)

def ingest(n):
    meter = Meter.objects.get(number=sys.argv[1])
    start = datetime(1991, 1, 1, tzinfo=UTC) + n * timedelta(days=1)
    rows = [(meter.pk, start + i * timedelta(minutes=30), 100 + i) for i in range(48)]
    assert ingest_readings(distributor=meter.distributor, readings=Readings.of(rows), source="test").new == 48

work = {"sessions": sessions, "outbox": outbox}.get(sys.argv[1], ingest)
end, n = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:
    work(n); n += 1
print(n)
"""
FOUND = """
import django; django.setup()
from meters.models import Meter
from organizations.models import Distributor
here = Distributor.objects.create(name="Here")
for number in ("M1", "M2"):
    Meter.objects.create(distributor=here, number=number)
"""
COUNT = """
import django; django.setup()
from meters.models import IntervalReading
print(IntervalReading.objects.count())
"""


@pytest.mark.slow
def test_processes_that_write_at_once_all_come_through(tmp_path):
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'portal.sqlite3'}",
        "REDIS_URL": "",
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "drportal.settings",
        "LOG_LEVEL": "ERROR",
    }

    def start(*command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=env.BASE_DIR,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    for command in (["manage.py", "migrate", "--verbosity", "0"], ["-c", FOUND]):
        _, problem = (process := start(*command)).communicate()
        assert process.returncode == 0, problem
    writers = {name: start("-c", WRITER, name, str(SECONDS)) for name in ("M1", "M2", "sessions", "outbox")}
    done = {}
    for name, process in writers.items():
        said, problem = process.communicate()
        assert process.returncode == 0, f"{name}: {problem}"
        done[name] = int(said)
    assert all(done.values()), done
    said, _ = start("-c", COUNT).communicate()
    assert int(said) == 48 * (done["M1"] + done["M2"])
