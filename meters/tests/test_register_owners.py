"""Registers that an organization reads: what it sends changes and tells nothing of the time of others."""

from datetime import UTC, datetime

import pytest

from meters.models import BatchState
from meters.services import RegisterReads, ingest_register
from meters.tests.helpers import stored
from meters.tests.test_batches import of_organization, store
from tests.builder import make_meter, map_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def register(here):
    """Held by the organization from four to six; read by others at midnight and at eight."""
    meter = make_meter(here.distributor, "R1", reading_kind="register")
    map_meter(meter, here.organization, _at(4), valid_to=_at(6))
    _read(here, meter, (0, 1000))
    return meter


def _at(hour):
    return datetime(2021, 3, 21, hour, tzinfo=UTC)


def _read(side, meter, *reads):
    rows = RegisterReads.of([(meter.pk, _at(hour), wh) for hour, wh in reads])
    ingest_register(distributor=side.distributor, reads=rows, source="test")


def _register_file(*reads):
    return "meter,start,register_wh\n" + "".join(f"R1,2021-03-21T{clock}Z,{wh}\n" for clock, wh in reads)


def test_registers_of_an_organization_say_nothing_about_the_time_of_others(here, register):
    batch = of_organization(here, _register_file(("04:30", 1090), ("05:00", 1100)))
    assert store(batch, here.organization_admin).state == BatchState.STORED
    assert [row[:2] for row in stored(register)] == [(datetime(2021, 3, 21, 4, 30, tzinfo=UTC), 10)]
    assert [(problem[0], problem[3]) for problem in batch.totals["problems"]] == [
        (2, "another read is of a time of others: no energy in between")
    ]


def test_registers_of_an_organization_divide_no_energy_of_others_anew(here, register):
    _read(here, register, (8, 2600))
    before = stored(register)
    batch = of_organization(here, _register_file(("04:30", 1090), ("05:00", 1100)))
    assert (batch.totals["new"], batch.totals["corrected"], batch.totals["refused"]) == (0, 0, 2)
    store(batch, here.organization_admin)
    assert stored(register) == before
