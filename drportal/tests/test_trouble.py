"""What the demonstration's first history loses, and what of it comes late."""

import gzip
from datetime import UTC, datetime

import pytest

from drportal.demo import trouble
from tests.builder import make_distributor

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.fixture
def troubled(db):
    return trouble.Trouble.before(NOW, make_distributor("Larkfield Electric"))


@pytest.fixture
def spoiled(tmp_path, troubled):
    """Writes rows of (meter, moment, kWh) as a history, and answers with those that are left of it."""
    meters = tmp_path / "meters.csv"
    meters.write_text("meter,feeder\nL-0001,Mill Road\nL-0024,Station\nL-0012,Station\n")
    file = tmp_path / "readings.csv.gz"

    def spoiled(*rows):
        with gzip.open(file, "wt") as out:
            out.writelines(f"{meter},{at:%Y-%m-%dT%H:%M:%SZ},,{kwh}\n" for meter, at, kwh in rows)
        trouble.spoil(file, meters=meters, trouble=troubled)
        with gzip.open(file, "rt") as left:
            return [(row.split(",")[0], row.rsplit(",", 1)[1].strip()) for row in left]

    return spoiled


def test_outage_takes_the_readings_of_its_feeder_alone(spoiled, troubled):
    start, end = troubled.outage
    left = spoiled(("L-0001", start, "0.2"), ("L-0001", end, "0.3"), ("L-0024", start, "0.4"))
    assert left == [("L-0001", "0.3"), ("L-0024", "0.4")]


def test_readings_of_a_silent_meter_are_kept_for_the_late_file(spoiled, troubled, tmp_path):
    start, end = troubled.silent["L-0024"]
    assert spoiled(("L-0024", start, "0.2"), ("L-0024", end, "0.3")) == [("L-0024", "0.3")]
    late = (tmp_path / "late-readings-L-0024.csv").read_text().splitlines()
    assert late[0] == trouble.HEADER
    assert [row.rsplit(",", 1)[1] for row in late[1:]] == ["0.2"]


def test_spike_is_many_times_the_reading(spoiled, troubled):
    assert spoiled(("L-0012", troubled.spike[0], "0.250")) == [("L-0012", "10.000")]


def test_display_that_hung_repeats_its_first_value(spoiled, troubled):
    start, end = troubled.hung
    left = spoiled(("L-0031", start, "0.2"), ("L-0031", start.replace(minute=30), "0.7"), ("L-0031", end, "0.4"))
    assert [kwh for _meter, kwh in left] == ["0.2", "0.2", "0.4"]
