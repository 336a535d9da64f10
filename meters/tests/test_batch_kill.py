"""A worker that is killed in the middle of storing leaves nothing half stored, and the import goes on."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from meters.models import BatchSource, IntervalReading
from meters.services import batches
from tests.builder import make_admin, make_distributor, make_meter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROWS = 3_000
SETUP = "import django; django.setup()\nfrom meters.services.batches import folder, pulse, work\n"
# Stops where the readings are written and the transaction is open.
STORE = SETUP + (
    "def inside(batch, report):\n"
    "    print('inside', report.result.new, flush=True)\n"
    "    input()\n"
    "work.totals_of = inside\n"
    "work.work_next()\n"
)
AGAIN = SETUP + (
    "import json\n"
    "from datetime import timedelta\n"
    "from django.db.models import Sum\n"
    "from meters.models import BatchSpan, ImportBatch, IntervalReading\n"
    "held = IntervalReading.objects.count()\n"
    "early = work.sweep_batches()\n"
    "work.PATIENCE = timedelta(seconds=-1)\n"
    "found = work.sweep_batches()\n"
    "state = ImportBatch.objects.get().state\n"
    "while work.work_next(): pass\n"
    "batch = ImportBatch.objects.get()\n"
    "wh = IntervalReading.objects.aggregate(wh=Sum('energy_wh'))['wh']\n"
    "print(json.dumps([held, early, found, state, batch.state, batch.attempts, wh, BatchSpan.objects.count()]))\n"
)


def start(code, tmp_path):
    """A process of its own on the database of this test."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "drportal.settings", "VAR_DIR": str(tmp_path)}
    environment["DATABASE_URL"] = _address(tmp_path)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _address(tmp_path: Path) -> str:
    if connection.vendor == "sqlite":
        return f"sqlite:///{tmp_path}/copy.sqlite3"
    options = connection.settings_dict
    place = f"{options['USER']}:{options['PASSWORD']}@{options['HOST']}"
    port = f":{options['PORT']}" if options["PORT"] else ""
    socket = options["OPTIONS"].get("unix_socket")
    return f"mysql://{place}{port}/{options['NAME']}" + (f"?unix_socket={socket}" if socket else "")


def _share(tmp_path: Path) -> None:
    """SQLite's test database is in this process's memory; others get a copy of it."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(tmp_path / "copy.sqlite3")) as copy:
            connection.connection.backup(copy)


@pytest.fixture
def waiting(tmp_path, settings):
    settings.IMPORT_DIR = tmp_path / "imports"
    distributor = make_distributor(timezone="UTC")
    make_meter(distributor, "M1", interval_minutes=1)
    times = (
        f"2021-03-{day:02}T{hour:02}:{minute:02}" for day in range(1, 4) for hour in range(24) for minute in range(60)
    )
    rows = "".join(f"M1,{time},0.1\n" for time, _number in zip(times, range(ROWS), strict=False))
    admin = make_admin(distributor)
    batch = batches.take_file(
        distributor=distributor,
        source=BatchSource.PAGE,
        name="year.csv",
        stream=BytesIO(f"meter,start,kwh\n{rows}".encode()),
        options={},
        by=admin,
    )
    batches.store_batch(batch=batches.check_batch(batch=batch), by=admin)
    _share(tmp_path)
    return batch


def test_a_killed_worker_leaves_nothing_half_stored_and_the_import_goes_on(waiting, tmp_path):
    worker = start(STORE, tmp_path)
    assert worker.stdout.readline() == f"inside {ROWS}\n"
    assert not IntervalReading.objects.exists()
    assert batches.pulse_of(waiting) is not None
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    answer, _errors = start(AGAIN, tmp_path).communicate(timeout=120)
    held, early, found, state, end, attempts, wh, spans = json.loads(answer)
    # Its last beat is young: nobody takes it for dead at once.
    assert (held, early, found, state) == (0, 0, 1, "waiting")
    assert (end, attempts, wh, spans) == ("stored", 2, ROWS * 100, 1)


def test_a_worker_that_is_killed_each_time_is_given_up(waiting, tmp_path):
    for attempt in range(3):
        worker = start(STORE, tmp_path)
        assert worker.stdout.readline() == f"inside {ROWS}\n"
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        code = AGAIN.replace("while work.work_next(): pass\n", "")
        answer, _errors = start(code, tmp_path).communicate(timeout=120)
        state = json.loads(answer)[3]
        assert state == ("failed" if attempt == 2 else "waiting")
        assert json.loads(answer)[6] is None
