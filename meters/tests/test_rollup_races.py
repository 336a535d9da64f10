"""Sums while others write, while two refresh, and after a refresher was killed. Only MariaDB has two writers."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection, transaction

from meters.models import HourlyEnergy, ScopeKind, ScopeState
from meters.services import Readings, ingest_readings
from meters.services.rollups import check_rollups, refresh, refresh_rollups
from meters.tests.helpers import slot
from meters.tests.rollup_oracle import expected_sums, stored_sums
from meters.tests.test_races import at_once
from tests.builder import make_distributor, make_meter, make_organization, map_meter

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

# A refresher in a process of its own, on the tests' database, that stops in the middle of its second step.
_REFRESHER = """
import sys, time
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from meters.services.rollups import refresh, totals
apply, calls = refresh.apply_differences, []
def applied(*args, **kwargs):
    done = apply(*args, **kwargs)
    calls.append(1)
    if len(calls) == 2:
        print("written", flush=True)
        time.sleep(60)
    return done
refresh.apply_differences = applied
refresh.slots_per_step = lambda: 100
refresh.refresh_rollups()
"""


def test_readings_that_come_during_a_refresh_are_in_the_sums_after_the_next_one():
    distributor = make_distributor()
    meters = [make_meter(distributor) for _ in range(4)]
    holder = make_organization(distributor)
    for meter in meters[:2]:
        map_meter(meter, holder)

    def write(of: int) -> None:
        for number in range(12):
            rows = [(meters[of + at].pk, slot(number * 5 + k), number * 7 + k) for at in range(2) for k in range(9)]
            ingest_readings(distributor=distributor, readings=Readings.of(rows), source="race")

    def refresh_often() -> None:
        for _ in range(12):
            refresh_rollups(distributor=distributor)

    at_once(lambda: write(0), lambda: write(2), refresh_often, refresh_often)
    assert refresh_rollups(distributor=distributor).is_done
    assert stored_sums() == expected_sums()
    assert not check_rollups(distributor=distributor).differing


def test_maps_that_change_during_a_refresh_are_in_the_sums_after_the_next_one():
    distributor = make_distributor()
    meters = [make_meter(distributor) for _ in range(3)]
    holders = [make_organization(distributor) for _ in range(2)]

    def write() -> None:
        for number in range(10):
            rows = [(meter.pk, slot(number * 3 + k), 10 + k) for meter in meters for k in range(6)]
            ingest_readings(distributor=distributor, readings=Readings.of(rows), source="race")

    def move() -> None:
        for number in range(10):
            with transaction.atomic():
                map_meter(meters[number % 3], holders[number % 2], slot(number), valid_to=slot(number + 9))

    def refresh_often() -> None:
        for _ in range(15):
            refresh_rollups(distributor=distributor)

    at_once(write, move, refresh_often)
    assert refresh_rollups(distributor=distributor).is_done
    assert stored_sums() == expected_sums()


def test_a_second_refresher_goes_away_at_once():
    distributor = make_distributor()
    meter = make_meter(distributor)
    ingest_readings(distributor=distributor, readings=Readings.of([(meter.pk, slot(0), 5)]), source="race")
    ScopeState.objects.create(kind=ScopeKind.DISTRIBUTOR, scope_id=distributor.pk)
    with refresh.turn(distributor.pk) as is_ours:
        assert is_ours
        (second,) = at_once(lambda: refresh_rollups(distributor=distributor))
    assert (second.steps, second.is_done) == (0, False)


def test_a_killed_refresher_leaves_nothing_half_done_and_nothing_lost():
    distributor = make_distributor()
    meters = [make_meter(distributor) for _ in range(6)]
    rows = [(meter.pk, slot(number), number) for meter in meters for number in range(60)]
    ingest_readings(distributor=distributor, readings=Readings.of(rows), source="race")
    database = connection.settings_dict["NAME"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "drportal.settings"}
    command = [sys.executable, "-c", _REFRESHER, database]
    with subprocess.Popen(  # our own text
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
    _until_its_lock_is_gone(distributor.pk)
    assert HourlyEnergy.objects.exists()
    partly = stored_sums()["hours"]
    expected = expected_sums()
    assert partly.items() < expected["hours"].items()
    assert refresh_rollups(distributor=distributor).is_done
    assert stored_sums() == expected


def _until_its_lock_is_gone(distributor_id: int) -> None:
    """The server notices a moment later that its client is dead."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with refresh.turn(distributor_id) as is_ours:
            if is_ours:
                return
    raise AssertionError("the dead refresher still holds its lock")
