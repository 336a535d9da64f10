"""A process killed in the middle of an import leaves nothing half."""

import os
import signal
import subprocess
import sys

import pytest
from django.db import connection

from meters.models import BatchSpan, IntervalReading, ReadingRevision, RollupMark
from meters.tests.helpers import ingest, make_batch, slot, stored
from tests.builder import make_distributor, make_meter

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

# Stores, and says so within its transaction, which then never ends.
WRITER = """
import sys
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from meters.models import ImportBatch
from meters.services import Readings, ingest_readings
from meters.signals import readings_ingested
from meters.tests.helpers import slot

def stored(sender, **kwargs):
    print("stored", flush=True)
    sys.stdin.read()

readings_ingested.connect(stored)
batch = ImportBatch.objects.get(pk=sys.argv[2])
rows = Readings.of([(int(sys.argv[3]), slot(number), 2) for number in range(500)])
ingest_readings(distributor=batch.distributor, readings=rows, source="killed", batch=batch)
"""


def test_nothing_is_left_of_a_killed_import_and_the_next_one_succeeds():
    meter = make_meter(make_distributor())
    ingest(meter, (slot(0), 1))
    RollupMark.objects.all().delete()
    batch = make_batch(meter.distributor)
    arguments = [sys.executable, "-c", WRITER, connection.settings_dict["NAME"], str(batch.pk), str(meter.pk)]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "drportal.settings"}
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as writer:
        assert writer.stdout.readline() == b"stored\n"
        writer.send_signal(signal.SIGKILL)
    assert stored(meter) == [(slot(0), 1, None, 0, None)]
    assert not ReadingRevision.objects.exists()
    assert not BatchSpan.objects.exists()
    assert not RollupMark.objects.exists()
    # Its locks went with it.
    assert ingest(meter, (slot(0), 1), (slot(1), 2)).new == 1
    assert IntervalReading.objects.count() == 2
