"""The worked examples of time and energy, D1 to D3, through the command that reads files."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from common.intervals import day_bounds, slots_in_day
from meters.models import IntervalReading, ReadingKind
from meters.tests.helpers import write
from meters.tests.test_green_button import feed, point, series
from meters.tests.test_nem12 import channel, day, file
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db
QUARTER = timedelta(minutes=15)


def stored(tmp_path, text, number="M1", **fields):
    """The energies that the file leaves in a meter, by time."""
    meter = make_meter(make_distributor(), number, **fields)
    call_command("import_readings", str(write(tmp_path / "readings.csv", text)))
    return list(IntervalReading.objects.filter(meter=meter).order_by("start").values_list("energy_wh", flat=True))


@pytest.mark.parametrize(
    ("zone", "local_day", "count"),
    [
        ("America/Los_Angeles", date(2026, 3, 8), 92),
        ("America/Los_Angeles", date(2026, 11, 1), 100),
        ("America/Los_Angeles", date(2026, 7, 22), 96),
        ("Europe/Athens", date(2026, 3, 29), 92),
        ("Europe/Athens", date(2026, 10, 25), 100),
    ],
)
def test_d1_each_quarter_hour_of_a_local_day_is_stored_once(tmp_path, zone, local_day, count):
    clock = ZoneInfo(zone)
    start, end = day_bounds(local_day, clock)
    starts = [(start + place * QUARTER).astimezone(clock) for place in range((end - start) // QUARTER)]
    assert slots_in_day(local_day, clock, 15) == len(starts) == count
    text = "meter,start,wh\n" + "".join(f"M1,{each.isoformat()},{place}\n" for place, each in enumerate(starts))
    assert stored(tmp_path, text, interval_minutes=15) == list(range(count))


@pytest.mark.parametrize(("value", "power"), [(450, 0), (45, 1), (450_000, -3)])
def test_d2_green_button_energy(tmp_path, value, power):
    text = feed(point(title="M1"), series([value], powerOfTenMultiplier=power))
    assert stored(tmp_path, text, interval_minutes=60) == [450]


def test_d2_green_button_power(tmp_path):
    text = feed(point(title="M1"), series([1200], uom=38, duration=900))
    assert stored(tmp_path, text, interval_minutes=15) == [300]


def test_d2_nem12(tmp_path):
    assert stored(tmp_path, file(channel(), day("18.023")), "NMI0000001") == [18_023] * 48


def test_d2_mean_power_in_csv(tmp_path):
    assert stored(tmp_path, "meter,start,kw\nM1,2026-07-22T16:00,1.2\n", interval_minutes=15) == [300]


@pytest.mark.parametrize(
    ("reads", "energies"),
    [
        ({"16:00": 1_000_000, "16:30": 1_000_500, "17:30": 1_002_000, "18:00": 5_000, "18:30": 5_400},
         [500, 750, 750, 400]),
        ({"16:00": 99_999_800, "16:30": 300}, [500]),
    ],
)  # fmt: skip
def test_d3_registers(tmp_path, reads, energies):
    text = "meter,start,register_wh\n" + "".join(f"M1,2026-07-22T{at},{wh}\n" for at, wh in reads.items())
    assert stored(tmp_path, text, reading_kind=ReadingKind.REGISTER, register_limit_wh=10**8) == energies
